// dataset: clean records to examples that a model is trained and tested on.
// Takes: CleanRecords, or a public set's file with a named person's waiver; a model's tokenizer.
// Gives: training, validation and test examples with no patient on two sides; token sequences with
//   loss on the completion only, packed without padding; a report that accounts for every record.
// Keeps: nothing.
// Must never: see text that deid did not clean or a person did not waive, let a patient or a
//   duplicate cross the split, cut or drop anything without counting it.
#pragma once

#include "dataset/build.h"
#include "dataset/dataset_options.h"
#include "dataset/dataset_report.h"
#include "dataset/example.h"
#include "dataset/packing.h"
