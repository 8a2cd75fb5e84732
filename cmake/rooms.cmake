# Declares the rooms of src/ as libraries and holds them to src/ranks.txt: a room that links one of
# equal or higher rank, or one its row does not name, stops the configuration.

file(STRINGS "${PROJECT_SOURCE_DIR}/src/ranks.txt" RESIDENCY_RANK_LINES REGEX "^[a-z]+ +[0-9]+ *:")
foreach(line IN LISTS RESIDENCY_RANK_LINES)
  string(REGEX MATCH "^([a-z]+) +([0-9]+) *:(.*)$" _ "${line}")
  set(room "${CMAKE_MATCH_1}")
  set(RESIDENCY_RANK_${room} "${CMAKE_MATCH_2}")
  string(STRIP "${CMAKE_MATCH_3}" uses)
  string(REGEX REPLACE " +" ";" RESIDENCY_USES_${room} "${uses}")
endforeach()

# residency_check_link(ROOM USED...): fails unless every USED room is of lower rank and named.
function(residency_check_link room)
  if(NOT DEFINED RESIDENCY_RANK_${room})
    message(FATAL_ERROR "room '${room}' has no row in src/ranks.txt")
  endif()
  foreach(used IN LISTS ARGN)
    if(NOT RESIDENCY_RANK_${used} LESS RESIDENCY_RANK_${room})
      message(FATAL_ERROR "room '${room}' (rank ${RESIDENCY_RANK_${room}}) must not link '${used}' (rank ${RESIDENCY_RANK_${used}}): ranks only fall")
    endif()
    if(NOT used IN_LIST RESIDENCY_USES_${room})
      message(FATAL_ERROR "room '${room}' links '${used}', which its row in src/ranks.txt does not name")
    endif()
  endforeach()
endfunction()

# residency_room(NAME [USES room...] [LIBS library...] [DATA name=path...])
# Builds residency_NAME from the room's *.cc files (all but *_test.cc and *_main.cc) and, with tests
# on, one test binary NAME_test from its *_test.cc files. DATA files are linked into the library and
# read through embedded_data.h's accessors.
function(residency_room name)
  cmake_parse_arguments(ROOM "" "" "USES;LIBS;DATA;TEST_LIBS" ${ARGN})
  residency_check_link(${name} ${ROOM_USES})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/*.cc")
  set(tests ${sources})
  list(FILTER sources EXCLUDE REGEX "_(test|main)\\.cc$")
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  add_library(residency_${name} STATIC ${sources})
  target_compile_features(residency_${name} PUBLIC cxx_std_20)
  target_include_directories(residency_${name} PUBLIC "${PROJECT_SOURCE_DIR}/src")
  target_compile_options(residency_${name} PRIVATE ${RESIDENCY_WARNINGS})
  foreach(used IN LISTS ROOM_USES)
    target_link_libraries(residency_${name} PUBLIC residency_${used})
  endforeach()
  target_link_libraries(residency_${name} PUBLIC ${ROOM_LIBS})
  foreach(entry IN LISTS ROOM_DATA)
    string(REGEX MATCH "^([a-z0-9_]+)=(.*)$" _ "${entry}")
    residency_embed(residency_${name} ${CMAKE_MATCH_1} "${PROJECT_SOURCE_DIR}/${CMAKE_MATCH_2}")
  endforeach()
  if(RESIDENCY_TESTS AND tests)
    add_executable(${name}_test ${tests})
    target_compile_options(${name}_test PRIVATE ${RESIDENCY_WARNINGS})
    target_compile_definitions(${name}_test PRIVATE
      RESIDENCY_SOURCE_DIR="${PROJECT_SOURCE_DIR}"
      RESIDENCY_SHARED_DATA="${RESIDENCY_SHARED_DATA}")
    target_link_libraries(${name}_test PRIVATE residency_${name} ${ROOM_TEST_LIBS} GTest::gmock GTest::gtest_main)
    add_test(NAME ${name} COMMAND ${name}_test)
    set_tests_properties(${name} PROPERTIES TIMEOUT 900)
  endif()
endfunction()

# residency_embed(TARGET NAME PATH): links the file's bytes into TARGET as the symbols
# residency_data_NAME and residency_data_NAME_end (declare them with base/embedded_data.h).
function(residency_embed target name path)
  set(asm "${CMAKE_CURRENT_BINARY_DIR}/embed_${name}.S")
  file(CONFIGURE OUTPUT "${asm}" CONTENT [[
    .section .rodata
    .global residency_data_@name@
    .global residency_data_@name@_end
    .balign 16
residency_data_@name@:
    .incbin "@path@"
residency_data_@name@_end:
    .byte 0
    .section .note.GNU-stack,"",@progbits
]] @ONLY)
  file(READ "${asm}" text)
  string(REPLACE "@progbits" "%progbits" text2 "${text}")
  if(NOT text STREQUAL text2)
    file(WRITE "${asm}" "${text2}")
  endif()
  set_source_files_properties("${asm}" PROPERTIES OBJECT_DEPENDS "${path}")
  target_sources(${target} PRIVATE "${asm}")
endfunction()
