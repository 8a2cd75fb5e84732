"""Tokens a second of all clients together at 32 clients, against llama-server of the same build."""
import serve_speed

serve_speed.throughput("serve-32", clients=32, requests=2)
