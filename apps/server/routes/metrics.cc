#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include "server/routes/routes.h"

namespace residency::server {
namespace {

using Labels = std::vector<prometheus::ClientMetric::Label>;

/// Builds the families in the order they are first named.
class Families {
 public:
  void counter(const std::string& name, const std::string& help, Labels labels, double value) {
    prometheus::ClientMetric metric;
    metric.label = std::move(labels);
    metric.counter.value = value;
    family(name, help, prometheus::MetricType::Counter).metric.push_back(std::move(metric));
  }
  void gauge(const std::string& name, const std::string& help, Labels labels, double value) {
    prometheus::ClientMetric metric;
    metric.label = std::move(labels);
    metric.gauge.value = value;
    family(name, help, prometheus::MetricType::Gauge).metric.push_back(std::move(metric));
  }
  std::string text() const { return prometheus::TextSerializer().Serialize(families_); }

 private:
  prometheus::MetricFamily& family(const std::string& name, const std::string& help,
                                   prometheus::MetricType type) {
    for (prometheus::MetricFamily& known : families_) {
      if (known.name == name) return known;
    }
    families_.push_back({name, help, type, {}});
    return families_.back();
  }

  std::vector<prometheus::MetricFamily> families_;
};

void add_endpoint(Families& families, const serve::Endpoint& endpoint) {
  const serve::EndpointStats stats = endpoint.stats();
  const Labels labels{{"deployment", endpoint.deployment().name},
                      {"version", std::to_string(endpoint.deployment().version)}};
  const auto counter = [&](const char* name, const char* help, auto value) {
    families.counter(std::string("residency_endpoint_") + name, help, labels,
                     static_cast<double>(value));
  };
  counter("requests_total", "Requests accepted", stats.requests);
  counter("refused_total", "Requests refused by a full queue", stats.refused);
  counter("answered_total", "Requests answered to their end", stats.answered);
  counter("cancelled_total", "Requests whose client went away", stats.cancelled);
  counter("timeouts_total", "Requests past their time limit", stats.timeouts);
  counter("errors_total", "Requests that failed", stats.errors);
  counter("prompt_tokens_total", "Tokens of the prompts", stats.prompt_tokens);
  counter("completion_tokens_total", "Tokens generated", stats.completion_tokens);
  counter("filtered_spans_total", "Spans the output filter replaced", stats.spans_filtered);
  counter("blocked_answers_total", "Answers the output filter ended", stats.answers_blocked);
  counter("cached_tokens_total", "Tokens of the prompts that were not computed again",
          stats.cached_tokens);
  counter("restarts_total", "Times the endpoint's process died", stats.restarts);
  counter("answer_seconds_total", "Time from arrival to the end", stats.seconds_generating);
  counter("first_text_seconds_total", "Time to the first text", stats.seconds_first_text);
  counter("first_texts_total", "Answers that gave a first text", stats.first_texts);
  families.gauge("residency_endpoint_queue_depth", "Requests waiting", labels,
                 static_cast<double>(stats.queue_depth));
  families.gauge("residency_endpoint_running", "Requests being answered", labels,
                 static_cast<double>(stats.running));
  for (const char* state : {"ready", "starting", "stopped", "failed"}) {
    Labels with_state = labels;
    with_state.push_back({"state", state});
    families.gauge("residency_endpoint_state", "1 for the state that the endpoint is in",
                   std::move(with_state), endpoint.state() == state ? 1 : 0);
  }
}

}  // namespace

void metrics(const HttpRequest&, const std::string&, ServerState& state,
             std::shared_ptr<Reply> reply) {
  Families families;
  for (const auto& [key, count] : state.responses) {
    families.counter("residency_http_responses_total", "HTTP responses",
                     {{"route", std::string(key.first)}, {"status", std::to_string(key.second)}},
                     static_cast<double>(count));
  }
  for (const auto& [route, seconds] : state.response_seconds) {
    families.counter("residency_http_response_seconds_total", "Time to answer HTTP requests",
                     {{"route", std::string(route)}}, seconds);
  }
  families.counter("residency_http_connections_total", "Connections accepted", {},
                   static_cast<double>(state.connections_accepted));
  families.counter("residency_http_connections_refused_total", "Connections over the bound", {},
                   static_cast<double>(state.connections_refused));
  families.counter("residency_http_clients_gone_total", "Clients that left before their answer", {},
                   static_cast<double>(state.clients_gone));
  families.gauge("residency_http_connections_open", "Connections open now", {},
                 static_cast<double>(state.connections_open));
  for (const auto& endpoint : state.endpoints.list()) add_endpoint(families, *endpoint);
  HttpResponse response;
  response.content_type = "text/plain; version=0.0.4; charset=utf-8";
  response.body = families.text();
  reply->send(std::move(response));
}

}  // namespace residency::server
