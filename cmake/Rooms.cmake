# SPDX-License-Identifier: Apache-2.0
# One folder is one room is one target.

# belfry_room(NAME name SOURCES a.cc ... [DEPS public...] [PRIVATE_DEPS outside libraries...])
# Makes the static library belfry_<name>.
function(belfry_room)
  cmake_parse_arguments(ROOM "" "NAME" "SOURCES;DEPS;PRIVATE_DEPS" ${ARGN})
  add_library(belfry_${ROOM_NAME} STATIC ${ROOM_SOURCES})
  target_link_libraries(belfry_${ROOM_NAME}
    PUBLIC belfry_flags ${ROOM_DEPS}
    PRIVATE belfry_warnings ${ROOM_PRIVATE_DEPS})
endfunction()

# belfry_planted_room(name DEPS public... [PRIVATE_DEPS outside libraries...])
# Compiles belfry_<name> a second time as belfry_planted_<name>, in which a test can plant faults;
# see libs/common/planted_fault.h. The product never links it.
function(belfry_planted_room name)
  cmake_parse_arguments(ROOM "" "" "DEPS;PRIVATE_DEPS" ${ARGN})
  get_target_property(sources belfry_${name} SOURCES)
  get_target_property(folder belfry_${name} SOURCE_DIR)
  list(TRANSFORM sources PREPEND ${folder}/)
  add_library(belfry_planted_${name} STATIC EXCLUDE_FROM_ALL ${sources})
  target_compile_definitions(belfry_planted_${name} PUBLIC BELFRY_PLANTED_FAULTS)
  target_link_libraries(belfry_planted_${name}
    PUBLIC belfry_flags ${ROOM_DEPS}
    PRIVATE belfry_warnings ${ROOM_PRIVATE_DEPS})
endfunction()

# belfry_binary(NAME file-name SOURCES main.cc DEPS ...) makes an executable in <build>/bin.
function(belfry_binary)
  cmake_parse_arguments(BINARY "" "NAME" "SOURCES;DEPS" ${ARGN})
  add_executable(${BINARY_NAME} ${BINARY_SOURCES})
  target_link_libraries(${BINARY_NAME} PRIVATE belfry_flags belfry_warnings ${BINARY_DEPS})
  set_target_properties(${BINARY_NAME} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
endfunction()

# belfry_test(NAME name LABEL unit|integration|system SOURCES ... DEPS ... [TIMEOUT seconds])
# One GoogleTest executable, one ctest row: starting a process per case would cost more than the
# cases. `ctest -L unit` runs a lane, the target lane_unit builds it.
function(belfry_test)
  cmake_parse_arguments(TEST "" "NAME;LABEL;TIMEOUT" "SOURCES;DEPS" ${ARGN})
  if(NOT TEST_TIMEOUT)
    set(TEST_TIMEOUT 300)
  endif()
  set(target ${TEST_NAME}_${TEST_LABEL}_test)
  add_executable(${target} ${TEST_SOURCES})
  target_link_libraries(${target} PRIVATE
    belfry_flags belfry_warnings ${TEST_DEPS} GTest::gmock GTest::gtest_main)
  set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
  if(NOT TARGET lane_${TEST_LABEL})
    add_custom_target(lane_${TEST_LABEL})
  endif()
  add_dependencies(lane_${TEST_LABEL} ${target})
  add_test(NAME ${TEST_LABEL}/${TEST_NAME} COMMAND ${target})
  set_tests_properties(${TEST_LABEL}/${TEST_NAME} PROPERTIES
    LABELS ${TEST_LABEL} TIMEOUT ${TEST_TIMEOUT}
    ENVIRONMENT "BELFRY_BIN_DIR=${PROJECT_BINARY_DIR}/bin;BELFRY_SOURCE_DIR=${PROJECT_SOURCE_DIR}")
  if(TEST_LABEL STREQUAL "system")
    # Kills and deadlines of real processes: nothing else beside them.
    set_tests_properties(${TEST_LABEL}/${TEST_NAME} PROPERTIES RUN_SERIAL ON)
  endif()
endfunction()
