"""Time to the first text of a streamed answer at 1, 8 and 32 clients, against llama-server of the same build.

The last line is that of one client; ratios above 1 are better for us, as everywhere.
"""
import statistics
import sys

import serve_speed
import side_by_side

rounds = int(sys.argv[sys.argv.index("--rounds") + 1]) if "--rounds" in sys.argv else 3
setting = serve_speed.Setting()
try:
    for clients, requests in ((32, 1), (8, 2), (1, 10)):
        ours, peer = [], []
        for turn in range(rounds):
            for start, results in ((setting.ours, ours), (setting.peer, peer)):
                server = start(clients)
                try:
                    serve_speed.load(server.port, clients, 1, first_number=900_000)
                    results.extend(serve_speed.load(server.port, clients, requests, stream=True, first_number=turn * 10_000)[1])
                finally:
                    server.stop()
        mine, theirs = statistics.median(ours) * 1000, statistics.median(peer) * 1000
        name = "serve-ttft" if clients == 1 else f"serve-ttft-{clients}"
        side_by_side.finish(name, mine, theirs, theirs / mine, "ms")
finally:
    setting.close()
