# A room is a folder under src/ and a static library with a layer and an explicit dependency list.
# The configuration stops when a room depends on a room that is not on a lower layer.

set(WRIT_SANITIZE "" CACHE STRING "Value for -fsanitize=, empty for none")

option(WRIT_FAIL_POINTS "Compile in the fail points of crash tests (src/core/fail_point.h); never in a product build" OFF)

add_library(writ_options INTERFACE)
if(WRIT_FAIL_POINTS)
  target_compile_definitions(writ_options INTERFACE WRIT_FAIL_POINTS)
endif()
target_compile_features(writ_options INTERFACE cxx_std_23)
target_compile_options(writ_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wold-style-cast -Wnon-virtual-dtor
  -Woverloaded-virtual -Wimplicit-fallthrough -Wno-missing-designated-field-initializers
  -Wno-missing-field-initializers -Werror -ffunction-sections -fdata-sections)
target_include_directories(writ_options INTERFACE ${PROJECT_SOURCE_DIR}/src)
if(WRIT_SANITIZE)
  target_compile_options(writ_options INTERFACE
    -fsanitize=${WRIT_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(writ_options INTERFACE -fsanitize=${WRIT_SANITIZE})
  if(WRIT_SANITIZE MATCHES "thread" AND CMAKE_CXX_COMPILER_ID STREQUAL GNU)
    # Asio uses atomic_thread_fence, which TSan cannot model.
    target_compile_options(writ_options INTERFACE -Wno-tsan)
  endif()
endif()

# writ_room(<folder> LAYER <0..9> SOURCES <...> [DEPENDS <folders>] [LINKS <third-party targets>]
#           [PRIVATE_LINKS <third-party targets>])
# <folder> is relative to src/, such as `sql` or `policy/api`; the target is writ_<folder with / as _>.
function(writ_room folder)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "LAYER" "SOURCES;DEPENDS;LINKS;PRIVATE_LINKS")
  if(arg_UNPARSED_ARGUMENTS OR NOT arg_LAYER MATCHES "^[0-9]$")
    message(FATAL_ERROR
      "writ_room(${folder}): give LAYER 0..9 and only known arguments (got: ${arg_UNPARSED_ARGUMENTS})")
  endif()
  string(REPLACE "/" "_" name ${folder})
  add_library(writ_${name} STATIC ${arg_SOURCES})
  set_target_properties(writ_${name} PROPERTIES WRIT_LAYER ${arg_LAYER} LINKER_LANGUAGE CXX)
  set_property(GLOBAL APPEND PROPERTY WRIT_ROOMS writ_${name})
  target_link_libraries(writ_${name} PUBLIC writ_options ${arg_LINKS} PRIVATE ${arg_PRIVATE_LINKS})
  foreach(dep IN LISTS arg_DEPENDS)
    string(REPLACE "/" "_" dep_name ${dep})
    if(NOT TARGET writ_${dep_name})
      message(FATAL_ERROR "writ_room(${folder}): unknown room ${dep}")
    endif()
    get_target_property(dep_layer writ_${dep_name} WRIT_LAYER)
    if(NOT dep_layer LESS arg_LAYER)
      # A service may use its own api folder, which sits below it on layer 4.
      message(FATAL_ERROR
        "layering: ${folder} (layer ${arg_LAYER}) may not depend on ${dep} (layer ${dep_layer})")
    endif()
    target_link_libraries(writ_${name} PUBLIC writ_${dep_name})
  endforeach()
endfunction()

# writ_test(<folder> SOURCES <...> [LABEL unit|property|contract|integration] [DEPENDS <rooms>] [NAME <suffix>])
# One GoogleTest program per room and label; tests sit beside the code as *_test.cc.
function(writ_test folder)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "LABEL;NAME;TIMEOUT" "SOURCES;DEPENDS;LINKS")
  if(NOT BUILD_TESTING)
    return()
  endif()
  string(REPLACE "/" "_" name ${folder})
  if(NOT arg_LABEL)
    set(arg_LABEL unit)
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 300)
  endif()
  set(target ${name}_${arg_LABEL}_test)
  if(arg_NAME)
    set(target ${name}_${arg_NAME}_test)
  endif()
  add_executable(${target} ${arg_SOURCES})
  target_link_libraries(${target} PRIVATE writ_options GTest::gtest_main ${arg_LINKS})
  if("rapidcheck" IN_LIST arg_LINKS)
    # Its headers use std::aligned_storage, which C++23 deprecates and the libstdc++ of Debian 13 warns of.
    target_compile_options(${target} PRIVATE -Wno-deprecated-declarations)
  endif()
  if(TARGET writ_${name})
    target_link_libraries(${target} PRIVATE writ_${name})
  endif()
  foreach(dep IN LISTS arg_DEPENDS)
    string(REPLACE "/" "_" dep_name ${dep})
    target_link_libraries(${target} PRIVATE writ_${dep_name})
  endforeach()
  add_test(NAME ${target} COMMAND ${target} --gtest_brief=1)
  set_tests_properties(${target} PROPERTIES LABELS ${arg_LABEL} TIMEOUT ${arg_TIMEOUT})
  if(arg_LABEL MATCHES "^(unit|property)$")
    set_property(GLOBAL APPEND PROPERTY WRIT_QUICK_TESTS ${target})
  endif()
endfunction()
