# Third-party code comes from Debian's packages and from the cache that tools/setup fills; nothing is fetched here.

set(WRIT_DEPS "" CACHE PATH "Folder with the prepared third-party trees: boost/, llama/, rust/ (see tools/setup)")
if(NOT EXISTS "${WRIT_DEPS}/boost/include/boost/version.hpp")
  message(FATAL_ERROR "WRIT_DEPS (${WRIT_DEPS}) holds no Boost headers: run ./run setup first")
endif()

find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(HS REQUIRED IMPORTED_TARGET libhs)
find_package(CLI11 REQUIRED)
find_package(date REQUIRED)  # time zones: libstdc++ 12 has none
if(BUILD_TESTING)
  find_package(GTest REQUIRED)
endif()

# Boost: headers only, one version for everything. Its compiled parts (JSON) are built once, in src/core/boost_json.cc and src/async/boost_asio.cc.
# The parts are named by their real places: those change only when the part does, and with them what must be rebuilt.
file(REAL_PATH "${WRIT_DEPS}/boost" writ_boost_dir)
add_library(boost INTERFACE)
target_include_directories(boost SYSTEM INTERFACE ${writ_boost_dir}/include)
target_compile_definitions(boost INTERFACE
  BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION BOOST_BEAST_USE_STD_STRING_VIEW
  BOOST_ASIO_DISABLE_BOOST_COROUTINE BOOST_JSON_NO_LIB BOOST_ALL_NO_LIB
  # Coroutine frames come from malloc: Asio's own cache holds two of them, none above 1 KiB, and goes through
  # aligned_alloc for all others, which is slower; and AddressSanitizer sees the end of each frame's life.
  BOOST_ASIO_DISABLE_AWAITABLE_FRAME_RECYCLING)
target_link_libraries(boost INTERFACE Threads::Threads)

# llama.cpp: static archives and headers.
file(REAL_PATH "${WRIT_DEPS}/llama" writ_llama_part)
if(EXISTS "${writ_llama_part}/llama.cmake")
  include("${writ_llama_part}/llama.cmake")  # defines the target `llama_cpp`
endif()
# The one Rust archive of the product.
# Set-up links its folder before cargo is done, so that rooms compile meanwhile.
file(REAL_PATH "${WRIT_DEPS}/rust" writ_rust_dir)
if(EXISTS "${writ_rust_dir}/libwrit_rust.a" OR IS_SYMLINK "${WRIT_DEPS}/rust")
  add_library(writ_rust STATIC IMPORTED)
  set_target_properties(writ_rust PROPERTIES IMPORTED_LOCATION "${writ_rust_dir}/libwrit_rust.a")
  target_include_directories(writ_rust INTERFACE ${PROJECT_SOURCE_DIR}/rust/include)
  target_link_libraries(writ_rust INTERFACE Threads::Threads ${CMAKE_DL_LIBS} m)
endif()
