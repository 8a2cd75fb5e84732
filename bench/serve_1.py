"""Tokens a second of all clients together at 1 client, against llama-server of the same build."""
import serve_speed

serve_speed.throughput("serve-1", clients=1, requests=12)
