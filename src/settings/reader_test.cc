#include "settings/reader.h"

#include <gtest/gtest.h>

#include "settings/shared_settings.h"

namespace writ {
namespace {
enum class Mode { hold, window };
}
template <>
struct schema::EnumNames<Mode> {
  static constexpr auto value =
      std::array{std::pair{Mode::hold, std::string_view("hold")}, std::pair{Mode::window, std::string_view("window")}};
};
}  // namespace writ

namespace writ::settings {
namespace {

struct Sample {
  std::int32_t context = 0;
  Millis deadline{};
  Bytes body;
  bool on = false;
  std::string name;
  std::vector<std::string> models;
  Mode mode = Mode::hold;
  Secret key;
  std::optional<Url> upstream;
  Seconds refresh{};

  static constexpr auto settings() {
    return std::tuple(
        setting("WRIT_T_CONTEXT", &Sample::context, integer(256, 131'072), "4096", "Tokens.", "memory grows with it"),
        setting("WRIT_T_DEADLINE", &Sample::deadline, duration(Millis{1}, Seconds{600}), "30s", "Time."),
        setting("WRIT_T_BODY", &Sample::body, size(Bytes{1}, Bytes{1 << 20}), "64KiB", "Bytes."),
        setting("WRIT_T_ON", &Sample::on, flag(), "true", "On?"),
        setting("WRIT_T_NAME", &Sample::name, text(1, 8), required, "Its name."),
        setting("WRIT_T_MODELS", &Sample::models, list(1, 3), unset, "Models."),
        setting("WRIT_T_MODE", &Sample::mode, choice(), "window", "Mode."),
        setting("WRIT_T_KEY", &Sample::key, secret(8), required, "Its key."),
        setting("WRIT_T_UPSTREAM", &Sample::upstream, url(), unset, "Upstream."),
        setting("WRIT_T_REFRESH", &Sample::refresh, duration(Millis{100}, Seconds{60}), "5s", "How often."));
  }
};

Environment with(Environment::Variables variables, FileText file = {}) {
  return Environment(std::move(variables), [file = std::move(file)](const std::string& path) -> Result<FileText> {
    if (path != "/key") return fail(not_found("no_file", path + ": No such file or directory"));
    return file;
  });
}

std::vector<std::string> problem_names(const Reader& reader) {
  std::vector<std::string> names;
  for (const auto& problem : reader.problems()) names.push_back(problem.pointer);
  return names;
}

TEST(Reader, defaults_hold_where_nothing_is_set) {
  const auto environment = with({{"WRIT_T_NAME", "a"}, {"WRIT_T_KEY", "12345678"}, {"WRIT_T_BODY", ""}});
  Reader reader(environment);
  const auto sample = reader.read<Sample>();
  ASSERT_TRUE(reader.ok());
  EXPECT_EQ(sample.context, 4096);
  EXPECT_EQ(sample.deadline, Seconds{30});
  EXPECT_EQ(sample.body, Bytes{65'536});
  EXPECT_TRUE(sample.on);
  EXPECT_EQ(sample.mode, Mode::window);
  EXPECT_TRUE(sample.models.empty());
  EXPECT_EQ(sample.upstream, std::nullopt);
}

TEST(Reader, every_type_is_read) {
  const auto environment = with({{"WRIT_T_CONTEXT", "256"},
                                 {"WRIT_T_DEADLINE", "250ms"},
                                 {"WRIT_T_BODY", "1MiB"},
                                 {"WRIT_T_ON", "false"},
                                 {"WRIT_T_NAME", "n"},
                                 {"WRIT_T_MODELS", "a.gguf, b.gguf"},
                                 {"WRIT_T_MODE", "hold"},
                                 {"WRIT_T_KEY_FILE", "/key"},
                                 {"WRIT_T_UPSTREAM", "http://a:1"}},
                                {.text = "from-the-file\r\n", .mode = 0640});
  Reader reader(environment);
  const auto sample = reader.read<Sample>();
  ASSERT_TRUE(reader.ok()) << reader.problems()[0].message;
  EXPECT_EQ(sample.context, 256);
  EXPECT_EQ(sample.deadline, Millis{250});
  EXPECT_FALSE(sample.on);
  EXPECT_EQ(sample.models, (std::vector<std::string>{"a.gguf", "b.gguf"}));
  EXPECT_EQ(sample.mode, Mode::hold);
  EXPECT_EQ(sample.key.reveal(), "from-the-file");
  EXPECT_EQ(sample.upstream->port, 1);
}

TEST(Reader, all_problems_are_reported_at_once_and_say_how_to_fix_them) {
  const auto environment = with({{"WRIT_T_CONTEXT", "255"},
                                 {"WRIT_T_DEADLINE", "30"},
                                 {"WRIT_T_BODY", "2MiB"},
                                 {"WRIT_T_ON", "yes"},
                                 {"WRIT_T_MODELS", "a,,b"},
                                 {"WRIT_T_MODE", "off"},
                                 {"WRIT_T_KEY", "short"},
                                 {"WRIT_T_UPSTREAM", "policy:80"}});
  Reader reader(environment);
  (void)reader.read<Sample>();
  EXPECT_EQ(problem_names(reader),
            (std::vector<std::string>{"WRIT_T_CONTEXT", "WRIT_T_DEADLINE", "WRIT_T_BODY", "WRIT_T_ON", "WRIT_T_NAME",
                                      "WRIT_T_MODELS", "WRIT_T_MODE", "WRIT_T_KEY", "WRIT_T_UPSTREAM"}));
  EXPECT_EQ(reader.problems()[0].message, "\"255\" is not allowed: set it to 256 to 131072 (memory grows with it)");
  EXPECT_EQ(reader.problems()[1].message, "\"30\" is not allowed: set it to 1ms to 10m with a unit (ms, s, m, h)");
  EXPECT_EQ(reader.problems()[4].message, "is required: Its name. Set it to 1 to 8 bytes of text.");
  EXPECT_EQ(reader.problems()[6].message, "\"off\" is not allowed: set it to one of hold, window");
  EXPECT_EQ(reader.problems()[7].message.find("short"), std::string::npos);
}

TEST(Reader, a_duration_that_is_kept_in_seconds_is_never_cut_short) {
  const auto refresh = [](const char* text) {
    const auto environment = with({{"WRIT_T_NAME", "a"}, {"WRIT_T_KEY", "12345678"}, {"WRIT_T_REFRESH", text}});
    Reader reader(environment);
    const auto sample = reader.read<Sample>();
    return reader.ok() ? std::to_string(sample.refresh.count()) : reader.problems()[0].message;
  };
  EXPECT_EQ(refresh("2000ms"), "2");
  EXPECT_EQ(refresh("1500ms"),
            "\"1500ms\" is not allowed: set it to 1s to 1m in whole seconds with a unit (ms, s, m, h)");
  EXPECT_TRUE(refresh("100ms").starts_with("\"100ms\" is not allowed"));
}

TEST(Reader, a_secret_file_must_exist_be_private_and_hold_something) {
  const auto problem_with = [](Environment::Variables variables, FileText file) {
    variables["WRIT_T_NAME"] = "a";
    const auto environment = with(std::move(variables), std::move(file));
    Reader reader(environment);
    (void)reader.read<Sample>();
    return reader.problems().size() == 1 ? reader.problems()[0].message
                                         : std::to_string(reader.problems().size()) + " problems";
  };
  EXPECT_EQ(problem_with({{"WRIT_T_KEY_FILE", "/key"}}, {.text = "12345678", .mode = 0644}),
            "/key can be read by everybody (mode 0644): chmod 0600 it; in Kubernetes set defaultMode: 0440");
  EXPECT_EQ(problem_with({{"WRIT_T_KEY_FILE", "/key"}}, {.text = "\n"}), "/key is empty: write the secret into it");
  EXPECT_EQ(problem_with({{"WRIT_T_KEY_FILE", "/no"}}, {}),
            "/no: No such file or directory: create the file or correct the path");
  EXPECT_EQ(problem_with({{"WRIT_T_KEY", "12345678"}, {"WRIT_T_KEY_FILE", "/key"}}, {.text = "12345678"}),
            "is set together with WRIT_T_KEY_FILE: unset one of them");
}

TEST(SharedSettings, the_data_folder_follows_the_user) {
  const auto folder = [](Environment::Variables variables) {
    const auto environment = with(std::move(variables));
    Reader reader(environment);
    const auto shared = reader.read<SharedSettings>();
    return reader.ok() ? shared.data_dir.string() : reader.problems()[0].message;
  };
  EXPECT_EQ(folder({{"HOME", "/home/a"}}), "/home/a/.local/share/writ");
  EXPECT_EQ(folder({{"HOME", "/home/a"}, {"XDG_DATA_HOME", "/data"}}), "/data/writ");
  EXPECT_EQ(folder({{"HOME", "/home/a"}, {"WRIT_DATA_DIR", "~/w"}}), "/home/a/w");
  EXPECT_EQ(folder({{"WRIT_DATA_DIR", "rel"}}), "rel");
  EXPECT_TRUE(folder({}).starts_with("has no default because HOME is not set"));
}

}  // namespace
}  // namespace writ::settings
