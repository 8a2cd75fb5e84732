// store: the workspace on disk.
// Takes: bytes, manifests, jobs, records. Gives: artifacts named by content, the way from each back
// to its sources, encrypted state, one writer at a time.
// Keeps: workspace.db, the encrypted objects in a folder per stage, state/, keys/.
// Must never: put plaintext of an object on a disk, show half an artifact, or know a stage.
#pragma once

#include "store/lineage.h"
#include "store/workspace.h"
