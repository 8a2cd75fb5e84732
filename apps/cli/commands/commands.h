// The functions behind the command table, one file each.
#pragma once

#include <string>
#include <vector>

namespace residency::cli {

using Words = std::vector<std::string>;

int init_command(const Words& words);
int run_command(const Words& words);
int synth_command(const Words& words);
int ingest_command(const Words& words);
int deid_command(const Words& words);
int dataset_command(const Words& words);
int train_command(const Words& words);
int eval_command(const Words& words);
int monitor_command(const Words& words);
int guard_command(const Words& words);
int deploy_command(const Words& words);
int serve_command(const Words& words);
int jobs_command(const Words& words);
int artifacts_command(const Words& words);
int models_command(const Words& words);
int keys_command(const Words& words);
int lineage_command(const Words& words);
int audit_command(const Words& words);
int doctor_command(const Words& words);
int job_worker_command(const Words& words);
int endpoint_worker_command(const Words& words);

}  // namespace residency::cli
