"""Tokens a second of all clients together at 8 clients, against llama-server of the same build."""
import serve_speed

serve_speed.throughput("serve-8", clients=8, requests=4)
