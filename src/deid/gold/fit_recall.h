// Fits the tagger's thresholds to a wanted recall on gold.
#pragma once

#include <map>
#include <vector>

#include "base/json.h"
#include "base/progress.h"
#include "base/result.h"
#include "deid/detect/detector.h"
#include "deid/gold/gold_document.h"
#include "deid/gold/score.h"

namespace residency::deid {

struct RecallFit {
  TaggerReach reach;
  std::map<PhiClass, double> recall;  // of characters, by the tagger's groups that the gold has
  double recall_of_all = 0;
  double altered = 0;   // share of the other characters that would be replaced
  bool reached = true;  // false where some group stays below what was wanted at any setting

  /// The settings as they go into a recipe's deid.detector.
  Json settings() const;
};

/// The least reach at which every group of the gold has the wanted character recall: the least
/// bias at which thresholds can do it, then for each group the highest threshold that does. Where
/// no setting does it for a group, the furthest is taken. `options` give the other layers. Errors:
/// the detector's, kInvalidArgument for no documents or a recall outside (0, 1], kCancelled.
Result<RecallFit> fit_recall(const std::vector<GoldDocument>& documents,
                             const DetectorOptions& options, bool with_record, double wanted,
                             Progress& progress);

}  // namespace residency::deid
