#include "cli/cli.h"

int main(int argc, char** argv) { return residency::cli::run(argc, argv); }
