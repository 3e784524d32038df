#include "dialects/netsuite/status_answer.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <functional>

#include "catalog/json_tree.h"

namespace meterport::netsuite {
namespace {

using intake::ItemState;
using intake::OperationState;

struct Item {
  ItemState state = ItemState::stored;
  std::uint64_t position = 0;
  RecordErrorCode code = RecordErrorCode::internal;
  std::string pointer, text, data;
};

Item stored(std::uint64_t position, std::string data) {
  return {ItemState::stored, position, {}, {}, {}, std::move(data)};
}
Item rejected(RecordErrorCode code, std::string pointer, std::string text, std::string data) {
  return {ItemState::rejected, 0, code, std::move(pointer), std::move(text), std::move(data)};
}

/// Items made when they are asked for; what it gave before is gone then, as the contract of the real one allows.
class FakeItems final : public intake::OperationItems {
 public:
  FakeItems(OperationState state, std::uint64_t count, std::function<Item(std::uint64_t)> item_at)
      : count_(count), item_at_(std::move(item_at)) {
    operation_.id = 101;
    operation_.state = state;
    operation_.items = count + 10;  // the rest is not settled yet
    for (std::uint64_t n = 0; n < count; ++n) operation_.counts.add(item_at_(n).state);
  }

  [[nodiscard]] const intake::Operation& operation() const override { return operation_; }
  Result<bool> next(intake::ItemOutcome& outcome) override {
    ++reads;
    if (at_ == fail_next_at) return fail(ErrorKind::store_unavailable, "no disk");
    if (at_ == count_) return false;
    current_ = item_at_(at_);
    outcome = {at_, current_.state, current_.position, current_.code, current_.pointer, current_.text};
    ++at_;
    return true;
  }
  Status go_to(std::uint64_t index) override {
    at_ = index;
    return {};
  }
  Result<std::string_view> text(std::uint64_t index) override {
    if (index == fail_text_at) return fail(ErrorKind::internal, "damaged");
    data_ = item_at_(index).data;
    return std::string_view(data_);
  }

  static constexpr std::uint64_t never = ~std::uint64_t{0};
  std::uint64_t fail_next_at = never, fail_text_at = never;
  std::uint64_t reads = 0;

 private:
  intake::Operation operation_;
  const std::uint64_t count_;
  std::uint64_t at_ = 0;
  std::function<Item(std::uint64_t)> item_at_;
  Item current_;
  std::string data_;
};

std::unique_ptr<FakeItems> items_of(OperationState state, std::vector<Item> items) {
  const std::uint64_t count = items.size();
  return std::make_unique<FakeItems>(state, count, [items = std::move(items)](std::uint64_t n) { return items[n]; });
}

std::vector<std::string> pieces_of(StatusAnswer& answer) {
  std::vector<std::string> pieces;
  for (bool more = true; more;) {
    const auto made = answer.next(pieces.emplace_back());
    if (!made) {
      ADD_FAILURE() << made.error().text;
      break;
    }
    more = *made;
  }
  return pieces;
}

std::string answer_of(std::unique_ptr<FakeItems> items, StatusCall call = {101, "101", false}) {
  StatusAnswer answer(std::move(call), std::move(items));
  std::string whole;
  for (const std::string& piece : pieces_of(answer)) whole += piece;
  return whole;
}

const std::string nothing = R"("result":{"successes":[],"failures":[],"errors":[]}})";

TEST(StatusAnswer, N26_EveryStateHasAWordAndThreeLists) {
  const auto empty = [](OperationState state) { return answer_of(items_of(state, {})); };
  EXPECT_EQ(empty(OperationState::created), R"({"requestId":101,"status":"Not Started",)" + nothing);
  EXPECT_EQ(empty(OperationState::processing), R"({"requestId":101,"status":"In Progress",)" + nothing);
  EXPECT_EQ(empty(OperationState::success), R"({"requestId":101,"status":"Completed",)" + nothing);
  EXPECT_EQ(empty(OperationState::partial_success), R"({"requestId":101,"status":"Completed",)" + nothing);
}

TEST(StatusAnswer, N25_TheRequestIdIsEchoedInItsTypeAndDigits) {
  const auto echoed = [](StatusCall call) {
    const std::string answer = answer_of(items_of(OperationState::created, {}), std::move(call));
    return answer.substr(0, answer.find(",\"status\""));
  };
  EXPECT_EQ(echoed({101, "101", false}), R"({"requestId":101)");
  EXPECT_EQ(echoed({101, "101", true}), R"({"requestId":"101")");
  EXPECT_EQ(echoed({101, "0101", true}), R"({"requestId":"0101")");
}

TEST(StatusAnswer, N27_EachItemIsInOneListInOrder) {
  EXPECT_EQ(
      answer_of(items_of(OperationState::partial_success,
                         {rejected(RecordErrorCode::unknown_line, "/line",
                                   "Invalid usagesubscriptionline reference key Ems: 5.", R"({"a":0})"),
                          stored(1001, R"({"a":1})"),
                          rejected(RecordErrorCode::internal, "", "An unexpected error occurred.", R"({"a":2})"),
                          rejected(RecordErrorCode::malformed_record, "", "The usage object is empty.", "{}"),
                          stored(1003, R"({"a":4})"),
                          {ItemState::duplicate, 1002, {}, {}, {}, R"({"a":5})"},
                          {ItemState::conflict, 77, RecordErrorCode::id_taken, "/id", "taken", R"({"a":6})"},
                          rejected(RecordErrorCode::outside_term, "/time", "outside", R"({"a":7})")})),
      R"({"requestId":101,"status":"Completed","result":{"successes":[)"
      R"({"index":1,"data":{"a":1},"result":{"usageId":1001}},)"
      R"({"index":4,"data":{"a":4},"result":{"usageId":1003}},)"
      R"({"index":5,"data":{"a":5},"result":{"usageId":1002}}],"failures":[)"
      R"({"index":0,"data":{"a":0},"result":{"name":"INVALID_KEY_OR_REF",)"
      R"("message":"Invalid usagesubscriptionline reference key Ems: 5."}},)"
      R"({"index":3,"data":{},"result":{"name":"EMPTY_REQUEST_OBJECT","message":"The usage object is empty."}},)"
      R"({"index":7,"data":{"a":7},"result":{"name":"USER_ERROR","message":"outside"}}],"errors":[)"
      R"({"stage":"reduce","key":"101000000002","name":"UNEXPECTED_ERROR","message":"An unexpected error occurred.","index":2},)"
      R"({"stage":"reduce","key":"101000000006","name":"UNEXPECTED_ERROR","message":"An unexpected error occurred.","index":6}]}})");
}

TEST(StatusAnswer, WhileItIsUnderWayTheListsHoldWhatIsSettled) {
  EXPECT_EQ(
      answer_of(items_of(OperationState::processing, {stored(5, "{}")})),
      R"({"requestId":101,"status":"In Progress","result":{"successes":[{"index":0,"data":{},"result":{"usageId":5}}],)"
      R"("failures":[],"errors":[]}})");
}

TEST(StatusAnswer, N47_AFailedOperationHasAnErrorOfItsOwn) {
  const std::string own =
      R"({"stage":"getInputData","key":"101","name":"UNEXPECTED_ERROR","message":"An unexpected error occurred."})";
  EXPECT_EQ(answer_of(items_of(OperationState::failed, {})),
            R"({"requestId":101,"status":"Error","result":{"successes":[],"failures":[],"errors":[)" + own + "]}}");
  EXPECT_EQ(answer_of(items_of(OperationState::failed,
                               {stored(5, "{}"), rejected(RecordErrorCode::internal, "", "x", "{}")})),
            R"({"requestId":101,"status":"Error","result":{"successes":[{"index":0,"data":{},"result":{"usageId":5}}],)"
            R"("failures":[],"errors":[{"stage":"reduce","key":"101000000001","name":"UNEXPECTED_ERROR",)"
            R"("message":"An unexpected error occurred.","index":1},)" +
                own + "]}}");
}

TEST(StatusAnswer, N28_DataIsAsItWasSentButForBlanks) {
  const std::string answer = answer_of(items_of(
      OperationState::success,
      {stored(
          1,
          "{ \"quantity\" : 5.0 ,\n\t\"line\":\"3\", \"memo\" : \"a  \\\" b \\\\\" , \"x\":[ 1E3 , -0 , null ] }")}));
  EXPECT_NE(answer.find(R"("data":{"quantity":5.0,"line":"3","memo":"a  \" b \\","x":[1E3,-0,null]},)"),
            std::string::npos)
      << answer;
}

TEST(StatusAnswer, N51_AMessageMayHoldAnything) {
  const std::string text = "Invalid reference \"Ems\\1\"\n\x01 {}: ü.";
  const std::string answer = answer_of(
      items_of(OperationState::partial_success, {rejected(RecordErrorCode::unknown_line, "/line", text, "[]")}));
  const auto tree = catalog::parse_json(answer);
  ASSERT_TRUE(tree) << answer;
  EXPECT_EQ(tree->find("result")->find("failures")->items[0].find("result")->find("message")->text, text);
}

TEST(StatusAnswer, AListThatIsEmptyByTheCountsIsNotLookedFor) {
  auto items = items_of(OperationState::success, std::vector<Item>(50, stored(1, "{}")));
  const FakeItems& seen = *items;
  StatusAnswer answer({101, "101", false}, std::move(items));
  pieces_of(answer);
  EXPECT_EQ(seen.reads, 51U) << "one pass, to its end";
}

TEST(StatusAnswer, WhatCannotBeReadCutsItOff) {
  const auto error_of = [](std::uint64_t next_at, std::uint64_t text_at) {
    auto items = items_of(OperationState::success, std::vector<Item>(5, stored(1, "{}")));
    items->fail_next_at = next_at;
    items->fail_text_at = text_at;
    StatusAnswer answer({101, "101", false}, std::move(items));
    std::string piece;
    const auto made = answer.next(piece);
    return made ? "none" : made.error().text;
  };
  EXPECT_EQ(error_of(FakeItems::never, FakeItems::never), "none");
  EXPECT_EQ(error_of(0, FakeItems::never), "no disk");
  EXPECT_EQ(error_of(3, FakeItems::never), "no disk");
  EXPECT_EQ(error_of(FakeItems::never, 4), "damaged");
}

/// Two in three are stored, of the others most are failures.
Item item_of_many(std::uint64_t n) {
  const std::string data = fmt::format(R"({{"subscriptionId": "{}", "line":3}})", n);
  if (n % 3 != 0) return stored(1'000'000 + n, data);
  if (n % 30 == 0) return rejected(RecordErrorCode::internal, "", "An unexpected error occurred.", data);
  return rejected(RecordErrorCode::bad_format, "/date", fmt::format("no \"date\" {}", n), data);
}

/// The same answer without any thought of memory.
std::string naive_answer(std::uint64_t count) {
  std::string successes, failures, errors;
  const auto comma = [](std::string& list) -> std::string& { return list.empty() ? list : list += ','; };
  for (std::uint64_t n = 0; n < count; ++n) {
    const std::string begin =
        fmt::format(R"({{"index":{},"data":{{"subscriptionId":"{}","line":3}},"result":{{)", n, n);
    if (n % 3 != 0) {
      comma(successes) += begin + fmt::format(R"("usageId":{}}}}})", 1'000'000 + n);
    } else if (n % 30 == 0) {
      comma(errors) += fmt::format(R"({{"stage":"reduce","key":"101{:09}","name":"UNEXPECTED_ERROR",)"
                                   R"("message":"An unexpected error occurred.","index":{}}})",
                                   n, n);
    } else {
      comma(failures) += begin + fmt::format(R"("name":"INVALID_PROPERTY_FORMAT","message":"no \"date\" {}"}}}})", n);
    }
  }
  return R"({"requestId":"101","status":"Completed","result":{"successes":[)" + successes + R"(],"failures":[)" +
         failures + R"(],"errors":[)" + errors + "]}}";
}

TEST(StatusAnswer, N48_ALargeAnswerComesInSmallPiecesAndIsWhole) {
  constexpr std::uint64_t count = 200'000;
  StatusAnswer answer({101, "101", true},
                      std::make_unique<FakeItems>(OperationState::partial_success, count, item_of_many));
  const std::vector<std::string> pieces = pieces_of(answer);
  std::string whole;
  for (const std::string& piece : pieces) {
    EXPECT_LT(piece.size(), 200U * 1024);
    EXPECT_FALSE(piece.empty());
    whole += piece;
  }
  EXPECT_GT(pieces.size(), 50U);
  // Not EXPECT_EQ, which would print both.
  EXPECT_TRUE(whole == naive_answer(count));
}

TEST(StatusAnswer, AnyLengthOfItemIsCutAtSomePieceAndComesOutWhole) {
  for (const std::size_t size : {100U * 1024, 128U * 1024, 300U * 1024}) {
    const std::string data = R"({"x":")" + std::string(size, 'x') + R"("})";
    const std::string answer = answer_of(items_of(OperationState::success, {stored(1, data), stored(2, data)}));
    const std::string expected = R"({"requestId":101,"status":"Completed","result":{"successes":[{"index":0,"data":)" +
                                 data + R"(,"result":{"usageId":1}},{"index":1,"data":)" + data +
                                 R"(,"result":{"usageId":2}}],"failures":[],"errors":[]}})";
    EXPECT_TRUE(answer == expected) << size;
  }
}

}  // namespace
}  // namespace meterport::netsuite
