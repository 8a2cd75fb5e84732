#include "serve/process_endpoint.h"

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "base/log.h"
#include "serve/chat_json.h"
#include "serve/endpoint_counts.h"
#include "serve/endpoint_process.h"

namespace residency::serve {
namespace {

using Id = std::int64_t;

/// A request, or a question, on its way.
struct Flight {
  Json message;
  std::shared_ptr<ChatObserver> observer;  // of a request
  std::function<void(Result<Json>)> told;  // of a question
  std::stop_token stop;
  JobTimes times;
  std::string text;  // given so far
  int sent = 0;      // to how many processes
  bool is_sent = false;
  std::optional<std::stop_callback<std::function<void()>>> on_stop;
};

enum class State : std::uint8_t { kStopped, kStarting, kReady, kFailed };

class SupervisedEndpoint final : public Endpoint {
 public:
  SupervisedEndpoint(std::vector<deploy::Deployment> versions, const EndpointOptions& options,
                     ProcessEndpointOptions process, bool lazy)
      : versions_(std::move(versions)),
        options_(options),
        process_options_(std::move(process)),
        counts_(std::max(options.parallel, 1)),
        wanted_(!lazy),
        used_(Clock::now()),
        supervisor_([this] { supervise(); }) {}

  ~SupervisedEndpoint() override {
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return flights_.empty(); });
      closed_ = true;
    }
    changed_.notify_all();
    supervisor_.join();
  }

  const deploy::Deployment& deployment() const override { return versions_.front(); }
  const ChatLimits& limits() const override { return options_.limits; }
  int retry_after_s() const override { return counts_.retry_after_s(); }
  EndpointStats stats() const override { return counts_.stats(); }

  std::string_view state() const override {
    const std::lock_guard lock(mutex_);
    switch (state_) {
      case State::kStopped:
        return wanted_ ? "starting" : "stopped";
      case State::kStarting:
        return "starting";
      case State::kReady:
        return "ready";
      case State::kFailed:
        break;
    }
    return "failed";
  }

  Result<void> submit(ChatRequest request, std::stop_token stop,
                      std::shared_ptr<ChatObserver> observer) override {
    std::string param;
    RESIDENCY_TRY_VOID(check_chat_request(request, options_.limits, param));
    auto flight = std::make_shared<Flight>();
    flight->message = {{"op", "chat"}, {"request", to_json(request)}};
    flight->observer = std::move(observer);
    flight->stop = std::move(stop);
    return take(std::move(flight));
  }

  void ask(Json question, std::function<void(Result<Json>)> done) override {
    auto flight = std::make_shared<Flight>();
    flight->message = {{"op", "ask"}, {"question", std::move(question)}};
    flight->told = done;
    if (auto taken = take(std::move(flight)); !taken.ok()) done(taken.error());
  }

 private:
  using FlightPtr = std::shared_ptr<Flight>;
  using ProcessPtr = std::shared_ptr<EndpointProcess>;
  /// How long an endpoint that was given up refuses before it is tried again.
  static constexpr std::chrono::seconds kTryAgain{30};
  /// A process that keeps a request so long after its time limit hangs.
  static constexpr std::chrono::seconds kHangs{15};

  Result<void> take(FlightPtr flight) {
    flight->times.arrived = Clock::now();
    flight->times.deadline = flight->times.arrived + std::chrono::milliseconds(options_.timeout_ms);
    Id id = 0;
    ProcessPtr process;
    {
      const std::lock_guard lock(mutex_);
      if (state_ == State::kFailed && Clock::now() - used_ > kTryAgain) {
        state_ = State::kStopped;
        failures_ = process_options_.failures_max - 1;
      }
      if (state_ == State::kFailed) {
        return Error(ErrorCode::kResourceExhausted, "the endpoint's process does not start");
      }
      const auto most =
          static_cast<std::size_t>(options_.queue_max + std::max(options_.parallel, 1));
      if (flights_.size() >= most) {
        if (flight->observer) counts_.refused();
        return resource_exhausted("the endpoint's queue is full; requests waiting at most: " +
                                  std::to_string(options_.queue_max));
      }
      id = next_id_++;
      flight->message["id"] = id;
      flights_[id] = flight;
      if (flight->observer) counts_.accepted();
      used_ = flight->times.arrived;
      wanted_ = true;
      if (state_ == State::kReady && process_ != nullptr) {
        mark_sent(*flight);
        process = process_;
      }
    }
    if (process != nullptr) process->send(flight->message);
    process.reset();
    changed_.notify_all();
    if (flight->observer && flight->stop.stop_possible()) {
      flight->on_stop.emplace(flight->stop, [this, id] { cancel(id); });
    }
    return {};
  }

  /// With mutex_ held; the message itself is sent without it, for a send may wait until the process
  /// reads, and the process until we do. Where sending fails, the process's end is told soon.
  static void mark_sent(Flight& flight) {
    flight.is_sent = true;
    ++flight.sent;
  }

  /// Sends what waits, once the process is there and ready.
  void send_waiting() {
    std::vector<FlightPtr> waiting;
    ProcessPtr process;
    {
      const std::lock_guard lock(mutex_);
      if (process_ == nullptr || state_ != State::kReady) return;
      process = process_;
      for (const auto& [id, flight] : flights_) {
        if (flight->is_sent) continue;
        mark_sent(*flight);
        waiting.push_back(flight);
      }
    }
    for (const FlightPtr& flight : waiting) process->send(flight->message);
  }

  void cancel(Id id) {
    ProcessPtr process;
    {
      const std::lock_guard lock(mutex_);
      const auto found = flights_.find(id);
      if (found == flights_.end() || !found->second->is_sent) return;
      process = process_;
    }
    if (process != nullptr) process->send({{"op", "cancel"}, {"id", id}});
  }

  FlightPtr remove(Id id) {
    FlightPtr removed;
    {
      const std::lock_guard lock(mutex_);
      const auto found = flights_.find(id);
      if (found == flights_.end()) return nullptr;
      removed = std::move(found->second);
      leaving_.push_back(removed);
      flights_.erase(found);
      used_ = Clock::now();
    }
    return removed;
  }

  void finish(const FlightPtr& flight, Result<ChatAnswer> outcome) {
    if (flight->observer) {
      counts_.ended(flight->times, outcome);
      flight->observer->on_done(std::move(outcome));
    } else if (flight->told) {
      flight->told(outcome.ok() ? Result<Json>(internal_error("no answer"))
                                : Result<Json>(outcome.error()));
    }
    {
      const std::lock_guard lock(mutex_);
      std::erase(leaving_, flight);
    }
    changed_.notify_all();
  }

  void on_message(const Json& message) {
    if (json_flag(message, "ready")) return on_ready();
    if (message.contains("failed")) {
      const Error error = error_from_json(message["failed"]);
      log(LogLevel::kError, "serve", "an endpoint's process could not open its model",
          {{"endpoint", Label(versions_.front().name)},
           {"code", Label(traits(error.code()).name)}});
      if (process_options_.on_failure) process_options_.on_failure(error);
      return;
    }
    const Id id = json_integer(message, "id");
    if (message.contains("text")) return on_text(id, json_text(message, "text"));
    const FlightPtr flight = remove(id);
    if (flight == nullptr) return;
    if (message.contains("told") && flight->told) {
      auto told = std::exchange(flight->told, nullptr);
      told(json_member(message, "told"));
      return finish(flight, cancelled("told"));
    }
    if (message.contains("error")) return finish(flight, error_from_json(message["error"]));
    auto answer = chat_answer_from_json(json_member(message, "done"));
    if (answer.ok()) answer->text = std::move(flight->text);
    finish(flight, std::move(answer));
  }

  void on_ready() {
    {
      const std::lock_guard lock(mutex_);
      state_ = State::kReady;
      failures_ = 0;
    }
    send_waiting();
    changed_.notify_all();
  }

  void on_text(Id id, std::string text) {
    FlightPtr flight;
    {
      const std::lock_guard lock(mutex_);
      const auto found = flights_.find(id);
      if (found == flights_.end()) return;
      flight = found->second;
    }
    if (!flight->observer) return;
    if (!flight->times.first_text) flight->times.first_text = Clock::now();
    flight->text += text;
    if (!flight->observer->on_text(text)) cancel(id);
  }

  /// The process has ended. What it had begun to answer fails, the rest waits for the next one.
  void on_end() {
    std::vector<FlightPtr> lost;
    {
      const std::lock_guard lock(mutex_);
      const bool was_ready = state_ == State::kReady;
      const bool expected = stopping_;
      ended_ = true;
      state_ = State::kStopped;
      if (!expected) {
        ++failures_;
        if (was_ready) failures_ = 1;
        if (failures_ >= process_options_.failures_max) {
          state_ = State::kFailed;
          used_ = Clock::now();
        }
        counts_.restarted();
      }
      for (auto entry = flights_.begin(); entry != flights_.end();) {
        Flight& flight = *entry->second;
        const bool again = state_ != State::kFailed && flight.text.empty() && flight.sent < 2;
        flight.is_sent = false;
        if (again) {
          ++entry;
          continue;
        }
        lost.push_back(entry->second);
        leaving_.push_back(entry->second);
        entry = flights_.erase(entry);
      }
    }
    for (const FlightPtr& flight : lost) {
      finish(flight, internal_error("the endpoint's process ended"));
    }
    changed_.notify_all();
  }

  /// Ends what waits for a process longer than its time, or for nobody.
  void sweep() {
    std::vector<std::pair<FlightPtr, bool>> over;
    const auto now = Clock::now();
    {
      const std::lock_guard lock(mutex_);
      for (auto entry = flights_.begin(); entry != flights_.end();) {
        const Flight& flight = *entry->second;
        const bool gone = flight.stop.stop_requested();
        const bool hangs = flight.is_sent && now > flight.times.deadline + kHangs;
        if (hangs && process_ != nullptr && !ended_) process_->kill();
        if (flight.is_sent || (!gone && now < flight.times.deadline)) {
          ++entry;
          continue;
        }
        over.emplace_back(entry->second, gone);
        leaving_.push_back(entry->second);
        entry = flights_.erase(entry);
      }
    }
    for (const auto& [flight, gone] : over) {
      ChatAnswer answer;
      answer.finish = ChatFinish::kCancelled;
      if (gone) {
        finish(flight, std::move(answer));
      } else {
        finish(flight, resource_exhausted("the request waited longer than its time limit"));
      }
    }
  }

  std::chrono::milliseconds pause_before_start() const {
    constexpr std::int64_t kFirstMs = 100;
    constexpr std::int64_t kMostMs = 5'000;
    const int doublings = std::min(std::max(failures_ - 1, 0), 10);
    return std::chrono::milliseconds(failures_ == 0 ? 0 : std::min(kFirstMs << doublings, kMostMs));
  }

  void start() {
    {
      const std::lock_guard lock(mutex_);
      state_ = State::kStarting;
      ended_ = false;
      stopping_ = false;
    }
    auto started = EndpointProcess::start(process_options_.command, process_options_.description,
                                          [this](const Json* message) {
                                            if (message != nullptr) return on_message(*message);
                                            on_end();
                                          });
    if (!started.ok()) {
      on_end();
      const std::lock_guard lock(mutex_);
      ended_ = false;
      return;
    }
    {
      const std::lock_guard lock(mutex_);
      process_ = *std::move(started);
      start_limit_ = Clock::now() + std::chrono::milliseconds(process_options_.start_limit_ms);
    }
    // It may have said that it is ready before this thread had the process.
    send_waiting();
  }

  /// Ends the process and waits for it.
  void stop() {
    ProcessPtr ending;
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
      if (state_ != State::kFailed) state_ = State::kStopped;
      ending = std::move(process_);
    }
    // Its end is waited for here, not by a thread that was sending, which may be the one that
    // reads.
    while (ending != nullptr && ending.use_count() > 1) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    ending.reset();
    const std::lock_guard lock(mutex_);
    ended_ = false;
  }

  void supervise() {
    constexpr std::chrono::milliseconds kTick{50};
    while (true) {
      sweep();
      bool start_now = false;
      bool stop_now = false;
      {
        std::unique_lock lock(mutex_);
        const auto due = [&] { return closed_ || ended_ || (process_ == nullptr && wanted_); };
        if (!due()) changed_.wait_for(lock, kTick);
        if (closed_) break;
        if (state_ == State::kFailed) wanted_ = false;
        const bool idle =
            process_options_.idle_ms > 0 && flights_.empty() &&
            Clock::now() - used_ > std::chrono::milliseconds(process_options_.idle_ms);
        const bool late =
            state_ == State::kStarting && process_ != nullptr && Clock::now() > start_limit_;
        stop_now = process_ != nullptr && (ended_ || idle || late);
        if (idle && !ended_) wanted_ = !flights_.empty();
        start_now = process_ == nullptr && wanted_ && state_ == State::kStopped;
        if (start_now) changed_.wait_for(lock, pause_before_start(), [&] { return closed_; });
        if (closed_) break;
      }
      if (stop_now) stop();
      if (start_now) start();
    }
    stop();
  }

  const std::vector<deploy::Deployment> versions_;
  const EndpointOptions options_;
  const ProcessEndpointOptions process_options_;
  EndpointCounts counts_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  State state_ = State::kStopped;
  bool wanted_;
  bool closed_ = false;
  bool ended_ = false;     // the process that process_ holds has ended
  bool stopping_ = false;  // and we wanted it to
  int failures_ = 0;
  Clock::time_point used_;
  Clock::time_point start_limit_;
  Id next_id_ = 1;
  std::map<Id, FlightPtr> flights_;
  std::vector<FlightPtr> leaving_;  // those whose end is being told
  ProcessPtr process_;
  std::thread supervisor_;
};

}  // namespace

std::shared_ptr<Endpoint> start_process_endpoint(std::vector<deploy::Deployment> versions,
                                                 const EndpointOptions& options,
                                                 ProcessEndpointOptions process, bool lazy) {
  RESIDENCY_CHECK(!versions.empty() && !process.command.empty());
  return std::make_shared<SupervisedEndpoint>(std::move(versions), options, std::move(process),
                                              lazy);
}

}  // namespace residency::serve
