#include "content/content_store.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "async/loops.h"
#include "core/scratch_folder.h"
#include "sql/sqlite.h"

namespace writ::content {
namespace {

const TenantId acme("acme"), other("other");
const Subject ada("ada"), bob("bob");

ContentStore store_with(char filler) { return ContentStore::make(Secret(std::string(32, filler))).value(); }

class ContentStoreTest : public testing::Test {
 protected:
  ContentStoreTest() { open(); }
  void open() {
    database_.reset();
    database_ = sql::open_sqlite(folder_.path() / "owner.db", ContentStore::migrations()).value();
  }
  template <class Work>
  auto write(Work work) {
    return loops_.run(database_->write({}, std::move(work)));
  }
  template <class Work>
  auto read(Work work) {
    return loops_.run(database_->read({}, std::move(work)));
  }
  ContentId put(const TenantId& tenant, const Subject& subject, std::string bytes) {
    return write([&](sql::Transaction& tx) { return store_.put(tx, tenant, subject, bytes); }).value();
  }
  Result<std::optional<std::string>> get(const TenantId& tenant, const Subject& subject, const ContentId& id) {
    return read([&](sql::Reader& reader) { return store_.get(reader, tenant, subject, id); });
  }
  Result<std::int64_t> run(std::string_view sql) {
    return write([&](sql::Transaction& tx) { return tx.run(sql); });
  }
  /// Every byte of the database's files.
  [[nodiscard]] std::string at_rest() const {
    std::string all;
    for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
      std::ifstream in(entry.path(), std::ios::binary);
      all.append(std::istreambuf_iterator<char>(in), {});
    }
    return all;
  }

  ScratchFolder folder_;
  async::Loops loops_{1};
  std::unique_ptr<sql::Database> database_;
  ContentStore store_ = store_with('k');
};

TEST_F(ContentStoreTest, what_was_put_comes_back_also_after_a_restart) {
  const std::string bytes("text with \0 and \xff", 17);
  const auto id = put(acme, ada, bytes);
  const auto empty = put(acme, ada, "");
  EXPECT_TRUE(id.str().starts_with("cnt_"));
  EXPECT_EQ(id.str().size(), 47U);
  open();
  EXPECT_EQ(get(acme, ada, id).value(), bytes);
  EXPECT_EQ(get(acme, ada, empty).value(), "");
}

TEST_F(ContentStoreTest, equal_bytes_of_one_subject_have_one_id_and_one_row) {
  const auto id = put(acme, ada, "hello");
  EXPECT_EQ(put(acme, ada, "hello"), id);
  EXPECT_NE(put(acme, ada, "hello!"), id);
  const auto count = read([](sql::Reader& reader) { return reader.row("SELECT count(*) FROM content_items"); });
  EXPECT_EQ(count.value()->get<int>(0), 2);
}

TEST_F(ContentStoreTest, equal_bytes_of_others_have_other_ids) {
  const auto id = put(acme, ada, "hello");
  EXPECT_NE(put(acme, bob, "hello"), id);
  EXPECT_NE(put(other, ada, "hello"), id);
}

TEST_F(ContentStoreTest, another_tenant_or_subject_gets_nothing) {
  const auto id = put(acme, ada, "hello");
  (void)put(other, ada, "mine");
  EXPECT_EQ(get(other, ada, id).value(), std::nullopt);
  EXPECT_EQ(get(acme, bob, id).value(), std::nullopt);
  EXPECT_EQ(get(acme, ada, ContentId("cnt_nothing")).value(), std::nullopt);
}

TEST_F(ContentStoreTest, the_files_do_not_contain_the_plaintext) {
  const std::string secret = "the launch code is 0000";
  (void)put(acme, ada, secret);
  EXPECT_NE(at_rest().find("content_items"), std::string::npos);
  EXPECT_EQ(at_rest().find(secret), std::string::npos);
}

TEST_F(ContentStoreTest, a_tampered_row_is_an_error) {
  const auto id = put(acme, ada, "hello");
  (void)put(acme, ada, "another");
  ASSERT_EQ(
      run("UPDATE content_items SET sealed = (SELECT sealed FROM content_items b WHERE b.id <> content_items.id)"),
      Result<std::int64_t>(2));
  const auto swapped = get(acme, ada, id);
  ASSERT_FALSE(swapped);
  EXPECT_EQ(swapped.error().code, "content_tampered");
  ASSERT_TRUE(run("UPDATE content_items SET sealed = x'00'"));
  EXPECT_EQ(get(acme, ada, id).error().code, "content_tampered");
}

TEST_F(ContentStoreTest, keys_moved_to_another_subject_do_not_open) {
  const auto id = put(acme, ada, "hello");
  (void)put(acme, bob, "hello");
  ASSERT_TRUE(run("UPDATE content_keys SET sealed = (SELECT sealed FROM content_keys WHERE subject = 'bob')"));
  EXPECT_EQ(get(acme, ada, id).error().code, "content_key_wrong");
}

TEST_F(ContentStoreTest, another_key_encryption_key_is_found_out_at_the_start) {
  const auto check = [this](const ContentStore& store) {
    return read([&](sql::Reader& reader) { return store.check(reader); });
  };
  const auto wrong = store_with('w');
  EXPECT_TRUE(check(wrong));  // nothing is stored yet
  (void)put(acme, ada, "hello");
  EXPECT_TRUE(check(store_));
  EXPECT_EQ(check(wrong).error().code, "content_key_wrong");
  const auto refused = write([&](sql::Transaction& tx) { return wrong.put(tx, acme, ada, "more"); });
  EXPECT_EQ(refused.error().code, "content_key_wrong");
}

TEST_F(ContentStoreTest, erased_content_is_gone_and_its_ids_never_return) {
  const auto id = put(acme, ada, "hello");
  const auto kept = put(acme, bob, "hello");
  EXPECT_EQ(write([&](sql::Transaction& tx) { return store_.erase(tx, acme, ada); }), Result<std::int64_t>(1));
  EXPECT_EQ(get(acme, ada, id).value(), std::nullopt);
  EXPECT_EQ(get(acme, bob, kept).value(), "hello");
  EXPECT_NE(put(acme, ada, "hello"), id);
}

TEST_F(ContentStoreTest, content_and_its_keys_go_with_the_write_that_failed) {
  ContentId id;
  EXPECT_FALSE(write([&](sql::Transaction& tx) -> Status {
    WRIT_TRY(id, store_.put(tx, acme, ada, "hello"));
    return fail(conflict("changed_mind", "no"));
  }));
  EXPECT_EQ(get(acme, ada, id).value(), std::nullopt);
  EXPECT_EQ(put(acme, ada, "hello").str().size(), 47U);
}

TEST(ContentStore, a_short_key_is_refused) {
  EXPECT_EQ(ContentStore::make(Secret(std::string(31, 'k'))).error().code, "key_too_short");
}

}  // namespace
}  // namespace writ::content
