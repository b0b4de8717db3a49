#pragma once

#include <absl/functional/any_invocable.h>
#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <sojourn/cluster_state.h>
#include <sojourn/companions.h>
#include <sojourn/cookie.h>
#include <sojourn/detail/initiate.h>
#include <sojourn/event.h>
#include <sojourn/export.h>
#include <sojourn/health.h>
#include <sojourn/metrics.h>
#include <sojourn/options.h>
#include <sojourn/session.h>
#include <sojourn/session_id.h>
#include <sojourn/subscription.h>
#include <sojourn/view.h>

#include <asio/any_io_executor.hpp>
#include <asio/associated_executor.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace sojourn {

// All sessions of a cluster of auth servers, as seen from this process. Each session lives in
// memory on its owner and on backups; a call for a session that another member owns is sent there.
//
// Safe from any thread. Asynchronous calls take any Asio completion token, complete exactly once,
// never inside the call that started them, and on the handler's associated executor (the store's,
// see get_executor(), where the handler names none). Destroying the store completes what is
// unfinished with kCancelled.
//
// Errors mean one thing each, in every call:
//   kNotFound           the session is absent, expired or revoked; only its owner says so
//   kAborted            another update came first; the name of a single-use value is taken; or the
//                       login was overtaken by revoke_all() or not_before()
//   kDeadlineExceeded   no answer in time; a write may have happened
//   kUnavailable        not possible now, and nothing happened; try again
//   kResourceExhausted  at a bound: memory, session size, sessions of a subject, the highest count,
//                       calls in flight; nothing happened
//   kInvalidArgument    the request itself is wrong; nothing happened
//   kFailedPrecondition the session is in the wrong phase, or has given up this id and can only be
//                       read by it; nothing happened
//   kDataLoss           all copies of the part of the id space that the session belongs to were
//                       lost, and the session may have been among them: see acknowledge_losses();
//                       a write may have happened before
//   kCancelled          the store was closed; a write may have happened
class SOJOURN_EXPORT Store {
 public:
  // Whether open() could begin with these options: checks them, and the files that they name, and
  // touches no network. kInvalidArgument for a wrong option: the message begins with its name as in
  // StoreOptions, as in "copies: 7 is ...", and for one member of the list with "members: NAME: ".
  // kFailedPrecondition, beginning with "tls: ", for a file that cannot be used.
  static absl::Status check(const StoreOptions& options);

  // Starts this member: listens, connects to the others, and serves from then on by threads of its
  // own. `executor` is only where completions run; it must outlive the store's calls. Returns
  // before the member is ready: see async_ready. Errors are those of check(); and kUnavailable says
  // why the address cannot be listened on.
  static absl::StatusOr<Store> open(asio::any_io_executor executor, StoreOptions options);

  // The same with an executor of the store's own: completions run on the threads that read from
  // other members, in place, or many in one go on a thread of the store's own, which saves waking
  // another thread for each. They must not block, and may run at the same time, as with any pool of
  // threads. Coroutines that are spawned on get_executor() profit most. What runs there ends before
  // the store does: work that is still posted when the store is destroyed is dropped, completions
  // of the store's calls are not. The store must not be destroyed on it.
  static absl::StatusOr<Store> open(StoreOptions options);

  // Where completions run whose handlers name no executor: the one given to open(), or the store's
  // own.
  asio::any_io_executor get_executor() const { return destination().executor; }

  Store(Store&&) noexcept;
  Store& operator=(Store&&) noexcept;
  ~Store();

  // Completes with OK once this member is in a view and serves. void(absl::Status).
  template <typename Token>
  auto async_ready(Token&& token) {
    return initiate<absl::Status>(
        [impl = impl_](detail::Completion<absl::Status> done) { ready(*impl, std::move(done)); },
        std::forward<Token>(token));
  }

  // Makes a session. Its id is drawn so that this member owns it (PlacementPolicy::kLocal), if it
  // can. kInvalidArgument names what is out of bounds. void(absl::StatusOr<Session>).
  template <typename Token>
  auto async_create(NewSession session, WriteOptions options, Token&& token) {
    return initiate<absl::StatusOr<Session>>(
        [impl = impl_, session = std::move(session),
         options](detail::Completion<absl::StatusOr<Session>> done) mutable {
          create(*impl, std::move(session), options, std::move(done));
        },
        std::forward<Token>(token));
  }
  template <typename Token>
  auto async_create(NewSession session, Token&& token) {
    return async_create(std::move(session), WriteOptions{}, std::forward<Token>(token));
  }

  // The session, or kNotFound, if this member owns it; nothing when another member must be asked,
  // or this member may not answer now: async_get then. Never blocks, allocates only the result, and
  // runs on the caller's thread.
  std::optional<absl::StatusOr<Session>> get_local(const SessionId& id,
                                                   ReadOptions options = {}) const;

  // The session, from wherever it is. Starts with get_local. void(absl::StatusOr<Session>).
  template <typename Token>
  auto async_get(const SessionId& id, ReadOptions options, Token&& token) {
    return initiate<absl::StatusOr<Session>>(Get{impl_, id, options}, std::forward<Token>(token));
  }
  template <typename Token>
  auto async_get(const SessionId& id, Token&& token) {
    return async_get(id, ReadOptions{}, std::forward<Token>(token));
  }

  // Replaces the session's attributes by those of `session`, if nobody changed it since `session`
  // was read: kAborted otherwise. Never creates: kNotFound when it is gone.
  // void(absl::StatusOr<Session>), the session as it is now.
  template <typename Token>
  auto async_update(Session session, WriteOptions options, Token&& token) {
    return initiate<absl::StatusOr<Session>>(
        [impl = impl_, session = std::move(session),
         options](detail::Completion<absl::StatusOr<Session>> done) mutable {
          update(*impl, std::move(session), options, std::move(done));
        },
        std::forward<Token>(token));
  }
  template <typename Token>
  auto async_update(Session session, Token&& token) {
    return async_update(std::move(session), WriteOptions{}, std::forward<Token>(token));
  }

  // Applies the patch at the owner, in one step: patches never overwrite each other's attributes.
  // Never creates. kAborted if the patch expects another version. void(absl::StatusOr<Session>),
  // the session as it is now.
  template <typename Token>
  auto async_patch(const SessionId& id, Patch patch, WriteOptions options, Token&& token) {
    return initiate<absl::StatusOr<Session>>(
        [impl = impl_, id, patch = std::move(patch),
         options](detail::Completion<absl::StatusOr<Session>> done) mutable {
          Store::patch(*impl, id, std::move(patch), options, std::move(done));
        },
        std::forward<Token>(token));
  }
  template <typename Token>
  auto async_patch(const SessionId& id, Patch patch, Token&& token) {
    return async_patch(id, std::move(patch), WriteOptions{}, std::forward<Token>(token));
  }

  // Removes a tab of a login in progress; that it is not there is fine. With its last tab the login
  // ends: kNotFound from then on. kNotFound when it has ended, kFailedPrecondition when it is
  // authenticated. void(absl::Status).
  template <typename Token>
  auto async_erase_tab(const SessionId& id, std::string tab, WriteOptions options, Token&& token) {
    return initiate<absl::Status>(
        [impl = impl_, id, tab = std::move(tab),
         options](detail::Completion<absl::Status> done) mutable {
          erase_tab(*impl, id, std::move(tab), options, std::move(done));
        },
        std::forward<Token>(token));
  }
  template <typename Token>
  auto async_erase_tab(const SessionId& id, std::string tab, Token&& token) {
    return async_erase_tab(id, std::move(tab), WriteOptions{}, std::forward<Token>(token));
  }

  // Makes a login in progress the session of `subject`: phase kActive, a new id with the same
  // owner, the patch applied, all tabs dropped, a full session lifetime from now, and the old id
  // dead everywhere, all in one step. A new id, because an id that was known before the login must
  // never be worth anything after it (session fixation; OWASP: renew the id at every privilege
  // change); AuthenticateOptions::keep_id is for those who cannot have that. Once done it is not
  // done again: kNotFound under the old id; kFailedPrecondition when the session is active already.
  // kInvalidArgument when the patch is about tabs. void(absl::StatusOr<Session>).
  template <typename Token>
  auto async_authenticate(const SessionId& id, std::string subject, Patch patch,
                          AuthenticateOptions options, Token&& token) {
    return initiate<absl::StatusOr<Session>>(
        [impl = impl_, id, subject = std::move(subject), patch = std::move(patch),
         options](detail::Completion<absl::StatusOr<Session>> done) mutable {
          authenticate(*impl, id, std::move(subject), std::move(patch), options, std::move(done));
        },
        std::forward<Token>(token));
  }
  template <typename Token>
  auto async_authenticate(const SessionId& id, std::string subject, Patch patch, Token&& token) {
    return async_authenticate(id, std::move(subject), std::move(patch), AuthenticateOptions{},
                              std::forward<Token>(token));
  }

  // Gives the session a new id with the same owner. The old id is dead at once; or, with
  // RotateOptions::overlap, an alias of the session for so long: reads of it are answered with the
  // session as it is, under the old id (Session::is_alias), and are uses of it. An alias never
  // tells the new id, and cannot be changed, authenticated or rotated (kFailedPrecondition). It
  // dies with the session, and when the session is rotated once more; but until its time is up, to
  // revoke it is to revoke the session, so that no logout fails for having crossed a renewal.
  // void(absl::StatusOr<Session>), with the new id.
  template <typename Token>
  auto async_rotate(const SessionId& id, RotateOptions options, Token&& token) {
    return initiate<absl::StatusOr<Session>>(
        [impl = impl_, id, options](detail::Completion<absl::StatusOr<Session>> done) {
          rotate(*impl, id, options, std::move(done));
        },
        std::forward<Token>(token));
  }
  template <typename Token>
  auto async_rotate(const SessionId& id, Token&& token) {
    return async_rotate(id, RotateOptions{}, std::forward<Token>(token));
  }

  // Counts as use: moves the idle expiry, as a get with ReadOptions::touch does, without fetching
  // the session. void(absl::Status).
  template <typename Token>
  auto async_touch(const SessionId& id, ReadOptions options, Token&& token) {
    return initiate<absl::Status>(
        [impl = impl_, id, options](detail::Completion<absl::Status> done) {
          touch(*impl, id, options, std::move(done));
        },
        std::forward<Token>(token));
  }
  template <typename Token>
  auto async_touch(const SessionId& id, Token&& token) {
    return async_touch(id, ReadOptions{}, std::forward<Token>(token));
  }

  // Ends the session. OK also when it was gone already: once answered, no member finds it again.
  // void(absl::Status).
  template <typename Token>
  auto async_revoke(const SessionId& id, WriteOptions options, Token&& token) {
    return initiate<absl::Status>(
        [impl = impl_, id, options](detail::Completion<absl::Status> done) {
          revoke(*impl, id, options, std::move(done));
        },
        std::forward<Token>(token));
  }
  template <typename Token>
  auto async_revoke(const SessionId& id, Token&& token) {
    return async_revoke(id, WriteOptions{}, std::forward<Token>(token));
  }

  // Companions: see sojourn/companions.h for their bounds, and docs/companions.md for what each is
  // for. Errors are those above, with "companion" for "session". Who is refused first with
  // kResourceExhausted when memory is short: see StoreOptions::memory_bytes. kDataLoss
  // also refuses to make a value or counter whose name may have been among what was lost.

  // Keeps `value` under `name` until it is taken, or `lifetime` is over. kAborted if there is one
  // of that name, by whomever; a name is free again once its value was taken or has expired. Up to
  // 16 KiB. void(absl::Status).
  template <typename Token>
  auto async_put_once(std::string name, std::string value, std::chrono::seconds lifetime,
                      WriteOptions options, Token&& token) {
    return initiate<absl::Status>(
        [impl = impl_, name = std::move(name), value = std::move(value), lifetime,
         options](detail::Completion<absl::Status> done) mutable {
          put_once(*impl, name, std::move(value), lifetime, options, std::move(done));
        },
        std::forward<Token>(token));
  }
  template <typename Token>
  auto async_put_once(std::string name, std::string value, std::chrono::seconds lifetime,
                      Token&& token) {
    return async_put_once(std::move(name), std::move(value), lifetime, WriteOptions{},
                          std::forward<Token>(token));
  }

  // The value of that name, which is gone from then on: of all that ask for it, through whichever
  // members, one gets it and all others kNotFound. If the answer is lost (kDeadlineExceeded), the
  // value may be lost with it. void(absl::StatusOr<std::string>).
  template <typename Token>
  auto async_take(std::string name, WriteOptions options, Token&& token) {
    return initiate<absl::StatusOr<std::string>>(
        [impl = impl_, name = std::move(name),
         options](detail::Completion<absl::StatusOr<std::string>> done) {
          take(*impl, name, options, std::move(done));
        },
        std::forward<Token>(token));
  }
  template <typename Token>
  auto async_take(std::string name, Token&& token) {
    return async_take(std::move(name), WriteOptions{}, std::forward<Token>(token));
  }

  // The value of that name, which stays: for showing, never for deciding that it was not used.
  // void(absl::StatusOr<std::string>).
  template <typename Token>
  auto async_peek(std::string name, ReadOptions options, Token&& token) {
    return initiate<absl::StatusOr<std::string>>(
        [impl = impl_, name = std::move(name),
         options](detail::Completion<absl::StatusOr<std::string>> done) {
          peek(*impl, name, options, std::move(done));
        },
        std::forward<Token>(token));
  }
  template <typename Token>
  auto async_peek(std::string name, Token&& token) {
    return async_peek(std::move(name), ReadOptions{}, std::forward<Token>(token));
  }

  // Adds to the counter of that name, which begins with its first addition and ends `lifetime`
  // after it, whatever is added later: the lifetime of later additions is not looked at. No
  // addition is lost or counted twice; one whose outcome is unknown may count or not. `amount` is 1
  // to kCountMax. void(absl::StatusOr<Counter>), the counter as this addition left it.
  template <typename Token>
  auto async_add(std::string name, std::uint64_t amount, std::chrono::seconds lifetime,
                 WriteOptions options, Token&& token) {
    return initiate<absl::StatusOr<Counter>>(
        [impl = impl_, name = std::move(name), amount, lifetime,
         options](detail::Completion<absl::StatusOr<Counter>> done) {
          add(*impl, name, amount, lifetime, options, std::move(done));
        },
        std::forward<Token>(token));
  }
  template <typename Token>
  auto async_add(std::string name, std::uint64_t amount, std::chrono::seconds lifetime,
                 Token&& token) {
    return async_add(std::move(name), amount, lifetime, WriteOptions{}, std::forward<Token>(token));
  }

  // The counter of that name; a count of 0 if nobody added to it, or its time is over.
  // void(absl::StatusOr<Counter>).
  template <typename Token>
  auto async_read_counter(std::string name, ReadOptions options, Token&& token) {
    return initiate<absl::StatusOr<Counter>>(
        [impl = impl_, name = std::move(name),
         options](detail::Completion<absl::StatusOr<Counter>> done) {
          read_counter(*impl, name, options, std::move(done));
        },
        std::forward<Token>(token));
  }
  template <typename Token>
  auto async_read_counter(std::string name, Token&& token) {
    return async_read_counter(std::move(name), ReadOptions{}, std::forward<Token>(token));
  }

  // Ends the counter: the next addition begins anew. OK also if there is none. void(absl::Status).
  template <typename Token>
  auto async_reset_counter(std::string name, WriteOptions options, Token&& token) {
    return initiate<absl::Status>(
        [impl = impl_, name = std::move(name), options](detail::Completion<absl::Status> done) {
          reset_counter(*impl, name, options, std::move(done));
        },
        std::forward<Token>(token));
  }
  template <typename Token>
  auto async_reset_counter(std::string name, Token&& token) {
    return async_reset_counter(std::move(name), WriteOptions{}, std::forward<Token>(token));
  }

  // Puts the id of a token on the list of those that are revoked, for `lifetime`: the time until
  // the token ends by itself. Once answered with OK, no member calls it valid before that time is
  // over, whatever becomes of its session. Revoked again, it stays for the longer of both; nothing
  // takes it off the list. void(absl::Status).
  template <typename Token>
  auto async_revoke_token(std::string token_id, std::chrono::seconds lifetime, WriteOptions options,
                          Token&& token) {
    return initiate<absl::Status>(
        [impl = impl_, token_id = std::move(token_id), lifetime,
         options](detail::Completion<absl::Status> done) {
          revoke_token(*impl, token_id, lifetime, options, std::move(done));
        },
        std::forward<Token>(token));
  }
  template <typename Token>
  auto async_revoke_token(std::string token_id, std::chrono::seconds lifetime, Token&& token) {
    return async_revoke_token(std::move(token_id), lifetime, WriteOptions{},
                              std::forward<Token>(token));
  }

  // Whether the token is revoked, if this member owns its id; nothing when another member must be
  // asked, or this one may not answer now. Never blocks or allocates, and runs on the caller's
  // thread.
  std::optional<absl::StatusOr<bool>> is_token_revoked_local(std::string_view token_id) const;

  // Whether the token is revoked. False is said only by who would know; treat every error as "not
  // known", kDataLoss among them: the token may have been on the list. Starts with
  // is_token_revoked_local. void(absl::StatusOr<bool>).
  template <typename Token>
  auto async_is_token_revoked(std::string token_id, ReadOptions options, Token&& token) {
    return initiate<absl::StatusOr<bool>>(
        [impl = impl_, token_id = std::move(token_id),
         options](detail::Completion<absl::StatusOr<bool>> done) {
          is_token_revoked(*impl, token_id, options, std::move(done));
        },
        std::forward<Token>(token));
  }
  template <typename Token>
  auto async_is_token_revoked(std::string token_id, Token&& token) {
    return async_is_token_revoked(std::move(token_id), ReadOptions{}, std::forward<Token>(token));
  }

  // Questions about all sessions of a subject, wherever they are. Each is answered by every member
  // of the view for the sessions it owns; so it costs a message to each, and fails with
  // kDeadlineExceeded while one of them does not answer.

  // The subject's sessions, a page of them. Every session that was there during the whole call is
  // on its page; one that came or went meanwhile may be. Those whose time is up are listed, and
  // counted, until they are removed, which takes a moment. Counts as no use.
  // void(absl::StatusOr<SessionPage>).
  template <typename Token>
  auto async_list(std::string subject, ListOptions options, Token&& token) {
    return initiate<absl::StatusOr<SessionPage>>(
        [impl = impl_, subject = std::move(subject),
         options](detail::Completion<absl::StatusOr<SessionPage>> done) mutable {
          list(*impl, std::move(subject), options, std::move(done));
        },
        std::forward<Token>(token));
  }
  template <typename Token>
  auto async_list(std::string subject, Token&& token) {
    return async_list(std::move(subject), ListOptions{}, std::forward<Token>(token));
  }

  // How many sessions the subject has. void(absl::StatusOr<std::uint64_t>).
  template <typename Token>
  auto async_count(std::string subject, ReadOptions options, Token&& token) {
    return initiate<absl::StatusOr<std::uint64_t>>(
        [impl = impl_, subject = std::move(subject),
         options](detail::Completion<absl::StatusOr<std::uint64_t>> done) mutable {
          count(*impl, std::move(subject), options, std::move(done));
        },
        std::forward<Token>(token));
  }
  template <typename Token>
  auto async_count(std::string subject, Token&& token) {
    return async_count(std::move(subject), ReadOptions{.timeout = std::chrono::seconds(1)},
                       std::forward<Token>(token));
  }

  // Ends all sessions of the subject, but for RevokeOptions::except. When it has completed with OK,
  // every session that was there when it was called is gone for every member, and so is whatever
  // comes of a login that was called before, on any member of the cluster: such a login ends with
  // kAborted, or its session is ended too. A login that was called meanwhile may end either way.
  // Says how many it ended; after a change of the view that may be too few. With kDeadlineExceeded
  // some may have ended: calling again does the rest. void(absl::StatusOr<std::uint64_t>).
  template <typename Token>
  auto async_revoke_all(std::string subject, RevokeOptions options, Token&& token) {
    return initiate<absl::StatusOr<std::uint64_t>>(
        [impl = impl_, subject = std::move(subject),
         options](detail::Completion<absl::StatusOr<std::uint64_t>> done) mutable {
          revoke_all(*impl, std::move(subject), options, std::move(done));
        },
        std::forward<Token>(token));
  }
  template <typename Token>
  auto async_revoke_all(std::string subject, Token&& token) {
    return async_revoke_all(std::move(subject), RevokeOptions{}, std::forward<Token>(token));
  }

  // Nothing of the subject from before now lives on: async_revoke_all without exception, for
  // whoever does not ask how many there were, as after a change of password. void(absl::Status).
  template <typename Token>
  auto async_not_before(std::string subject, WriteOptions options, Token&& token) {
    return initiate<absl::Status>(
        [impl = impl_, subject = std::move(subject),
         options](detail::Completion<absl::Status> done) mutable {
          not_before(*impl, std::move(subject), options, std::move(done));
        },
        std::forward<Token>(token));
  }
  template <typename Token>
  auto async_not_before(std::string subject, Token&& token) {
    return async_not_before(std::move(subject), WriteOptions{}, std::forward<Token>(token));
  }

  // The same about all sessions with a label, logins in progress included. A page of a label looks
  // at all sessions that have it.
  template <typename Token>
  auto async_list_labelled(std::string name, std::string value, ListOptions options,
                           Token&& token) {
    return initiate<absl::StatusOr<SessionPage>>(
        [impl = impl_, name = std::move(name), value = std::move(value),
         options](detail::Completion<absl::StatusOr<SessionPage>> done) mutable {
          list_labelled(*impl, std::move(name), std::move(value), options, std::move(done));
        },
        std::forward<Token>(token));
  }
  template <typename Token>
  auto async_count_labelled(std::string name, std::string value, ReadOptions options,
                            Token&& token) {
    return initiate<absl::StatusOr<std::uint64_t>>(
        [impl = impl_, name = std::move(name), value = std::move(value),
         options](detail::Completion<absl::StatusOr<std::uint64_t>> done) mutable {
          count_labelled(*impl, std::move(name), std::move(value), options, std::move(done));
        },
        std::forward<Token>(token));
  }
  template <typename Token>
  auto async_revoke_labelled(std::string name, std::string value, RevokeOptions options,
                             Token&& token) {
    return initiate<absl::StatusOr<std::uint64_t>>(
        [impl = impl_, name = std::move(name), value = std::move(value),
         options](detail::Completion<absl::StatusOr<std::uint64_t>> done) mutable {
          revoke_labelled(*impl, std::move(name), std::move(value), options, std::move(done));
        },
        std::forward<Token>(token));
  }

  // Hands over what this member holds, and leaves the cluster; meanwhile it serves as before,
  // until at the very end it waits for its own unfinished calls and refuses new ones (kUnavailable,
  // for some milliseconds). Any number of members may leave at once. When it has completed with OK,
  // the process may end without anybody noticing; from then on the store refuses writes with
  // kUnavailable, and reads may still be answered by the owners of the sessions.
  // kDeadlineExceeded says what is not handed over: members go on trying, and the process may end
  // all the same if it must. kFailedPrecondition, as soon as that is certain, when no member stays
  // that could take anything: this one is alone, or all that hold sessions leave together. Waiting
  // would not help, and what they hold ends with them. void(absl::Status).
  template <typename Token>
  auto async_drain(DrainOptions options, Token&& token) {
    return initiate<absl::Status>(
        [impl = impl_, options](detail::Completion<absl::Status> done) {
          drain(*impl, options, std::move(done));
        },
        std::forward<Token>(token));
  }
  template <typename Token>
  auto async_drain(Token&& token) {
    return async_drain(DrainOptions{}, std::forward<Token>(token));
  }

  // After the loss of a majority (Health says so): goes on with the members that are connected with
  // this one, and with what they hold; what nobody of them holds is declared lost. To be called on
  // one member, when it is certain that the missing processes do not run any more: were they only
  // cut off and going on by themselves, logged-out sessions could come back, and there would be two
  // clusters. kFailedPrecondition when the majority is there. OK when it has begun.
  // void(absl::Status).
  template <typename Token>
  auto async_recover(Token&& token) {
    return initiate<absl::Status>(
        [impl = impl_](detail::Completion<absl::Status> done) { recover(*impl, std::move(done)); },
        std::forward<Token>(token));
  }

  // Takes note of all losses so far, for the whole cluster: sessions that may have been lost are
  // answered with kNotFound from then on, no more with kDataLoss.
  void acknowledge_losses();

  // Calls `handler`, a void(const Event&), with what happens from now on: to sessions whose owner
  // is this member, whoever asked for it, and to the cluster (kLost, kOwnerChanged, kViewChanged).
  // Each member tells its own subscribers of its own sessions: who wants to hear of all subscribes
  // at each member.
  //
  // Where: on the handler's associated executor (the one given to open() where it names none),
  // which the subscription does not keep running; one call at a time, whatever the executor; never
  // within this call.
  //
  // What: an event of a session when its change is on all copies, before or after its caller is
  // answered. In the order in which they happened, for each session; at least once if the owner
  // crashes, or hands the session over, and the next owner has a subscription since before the
  // change: it delivers what may not have been delivered, with the same Event::id, before what is
  // newer. While it does, no other member begins a call with an event of the same session: a member
  // asks itself directly before each call whether it still owns the session. An event counts as
  // delivered when the handler has returned, or thrown: exceptions pass to the executor.
  //
  // A handler that is slow slows nobody. Beyond SubscribeOptions::queue_max events are missed:
  // kMissed says in their place how many, and Subscription::missed() and Metrics::events_missed
  // count them. The only other end of an event is that all copies of it were lost (kLost).
  //
  // Ended by destroying the subscription, or the store: no call begins once that has returned.
  // docs/events.md has more.
  template <typename Handler>
  [[nodiscard]] Subscription subscribe(Handler handler, SubscribeOptions options = {}) {
    auto associated = asio::get_associated_executor(handler, get_executor());
    return subscribe_on(std::move(associated), std::move(handler), options);
  }

  // The name of the member that owns the id under the current view: the route of its cookie. Empty
  // before there is a view. An id always gives the same owner on every member of one view.
  std::string owner_of(const SessionId& id) const;

  // The current view, or null before the first.
  std::shared_ptr<const View> view() const;

  // Who holds what, and who is heard, as of the current view. Takes time in proportion to the
  // view's segments: for people who look on, not for every request.
  ClusterState cluster_state() const;

  // This member's name.
  std::string_view name() const;

  // While this member waits for others, the reason tells as well if one of them was refused of
  // late, and why: of another cluster, or without the right certificate.
  Health health() const;
  Metrics metrics() const;

  // Notes what the session cookie of a request says of the balancer: whether the request came to
  // the session's owner. Counted as sojourn_sticky_total, by which an operator sees at once that a
  // balancer does not follow the cookie. To be called once a request, for the cookie that led to
  // its session, or the first candidate if none did. Before the first view every route is unknown.
  Sticky note_route(const CookieCandidate& cookie) const;
  // Notes the cookies of a request that were refused: sojourn_cookies_rejected_total.
  void note_rejected(const CookieCodec::Found& found) const;

 private:
  class Impl;
  explicit Store(std::shared_ptr<Impl> impl);

  using SessionCompletion = detail::Completion<absl::StatusOr<Session>>;
  using StatusCompletion = detail::Completion<absl::Status>;
  using ValueCompletion = detail::Completion<absl::StatusOr<std::string>>;
  using CounterCompletion = detail::Completion<absl::StatusOr<Counter>>;
  using PageCompletion = detail::Completion<absl::StatusOr<SessionPage>>;
  using CountCompletion = detail::Completion<absl::StatusOr<std::uint64_t>>;
  using RevokedCompletion = detail::Completion<absl::StatusOr<bool>>;

  template <typename Result, typename Start, typename Token>
  auto initiate(Start start, Token&& token) const {
    return detail::initiate<Result>(destination(), std::move(start), std::forward<Token>(token));
  }

  // A get that starts: answered by this member at once, if it can.
  struct Get {
    std::optional<absl::StatusOr<Session>> at_once() const { return get_here(*impl, id, options); }
    void operator()(SessionCompletion done) const { get(*impl, id, options, std::move(done)); }

    std::shared_ptr<Impl> impl;
    SessionId id;
    ReadOptions options;
  };

  static absl::StatusOr<Store> start(std::shared_ptr<Impl> impl);
  const detail::Destination& destination() const;
  Subscription subscribe_on(asio::any_io_executor executor,
                            absl::AnyInvocable<void(const Event&)> handler,
                            SubscribeOptions options);

  static void ready(Impl&, StatusCompletion);
  static void create(Impl&, NewSession, WriteOptions, SessionCompletion);
  static std::optional<absl::StatusOr<Session>> get_here(const Impl&, const SessionId&,
                                                         ReadOptions);
  static void get(Impl&, const SessionId&, ReadOptions, SessionCompletion);
  static void update(Impl&, Session, WriteOptions, SessionCompletion);
  static void patch(Impl&, const SessionId&, Patch, WriteOptions, SessionCompletion);
  static void erase_tab(Impl&, const SessionId&, std::string tab, WriteOptions, StatusCompletion);
  static void authenticate(Impl&, const SessionId&, std::string subject, Patch, AuthenticateOptions,
                           SessionCompletion);
  static void rotate(Impl&, const SessionId&, RotateOptions, SessionCompletion);
  static void touch(Impl&, const SessionId&, ReadOptions, StatusCompletion);
  static void revoke(Impl&, const SessionId&, WriteOptions, StatusCompletion);
  static void put_once(Impl&, std::string_view name, std::string value, std::chrono::seconds,
                       WriteOptions, StatusCompletion);
  static void take(Impl&, std::string_view name, WriteOptions, ValueCompletion);
  static void peek(Impl&, std::string_view name, ReadOptions, ValueCompletion);
  static void add(Impl&, std::string_view name, std::uint64_t amount, std::chrono::seconds,
                  WriteOptions, CounterCompletion);
  static void read_counter(Impl&, std::string_view name, ReadOptions, CounterCompletion);
  static void reset_counter(Impl&, std::string_view name, WriteOptions, StatusCompletion);
  static void revoke_token(Impl&, std::string_view token_id, std::chrono::seconds, WriteOptions,
                           StatusCompletion);
  static void is_token_revoked(Impl&, std::string_view token_id, ReadOptions, RevokedCompletion);
  static void list(Impl&, std::string subject, ListOptions, PageCompletion);
  static void count(Impl&, std::string subject, ReadOptions, CountCompletion);
  static void revoke_all(Impl&, std::string subject, RevokeOptions, CountCompletion);
  static void not_before(Impl&, std::string subject, WriteOptions, StatusCompletion);
  static void list_labelled(Impl&, std::string name, std::string value, ListOptions,
                            PageCompletion);
  static void count_labelled(Impl&, std::string name, std::string value, ReadOptions,
                             CountCompletion);
  static void revoke_labelled(Impl&, std::string name, std::string value, RevokeOptions,
                              CountCompletion);
  static void drain(Impl&, DrainOptions, StatusCompletion);
  static void recover(Impl&, StatusCompletion);

  std::shared_ptr<Impl> impl_;
};

}  // namespace sojourn
