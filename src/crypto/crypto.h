// crypto: keys, encryption and signatures over OpenSSL 3.
// Takes: bytes. Gives: digests, authenticated encryption in chunks under a key per object, the key
// ring that wraps those keys, Ed25519 signatures.
// Keeps: the key ring's file.
// Must never: show a key in a log, an error or a core file, or write one unwrapped.
#pragma once

#include "crypto/envelope.h"
#include "crypto/key_ring.h"
#include "crypto/random.h"
#include "crypto/secret.h"
#include "crypto/sha256.h"
#include "crypto/signature.h"
