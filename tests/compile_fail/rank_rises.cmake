# Links base to store in the rank table's eyes: residency_check_link must stop with an error.
cmake_minimum_required(VERSION 3.25)
set(PROJECT_SOURCE_DIR "${ROOT}")
include("${ROOT}/cmake/rooms.cmake")
residency_check_link(base store)
