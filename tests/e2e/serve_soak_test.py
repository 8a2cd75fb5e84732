"""The soak in short: 32 clients for 25 seconds. bench/run serve-soak does it for ten minutes."""
import unittest

import soak


class SoakTest(unittest.TestCase):
    def test_no_request_is_lost_and_no_answer_crosses(self):
        result = soak.run(clients=32, seconds=25, swaps_every_s=5)
        self.assertEqual(soak.problems(result, growth_max=0.15), [], result)
        for name in ("answered", "left", "oversized", "swaps"):
            self.assertGreater(result[name], 0, result)


if __name__ == "__main__":
    unittest.main()
