# SPDX-License-Identifier: Apache-2.0
# cmake -DSOURCE=<folder> -DVERSION=0.2.0 -DCOMMIT=<or empty> -DFILE=<out> -P WriteVersion.cmake
# Without a COMMIT it is that of the git checkout SOURCE; "unknown" outside of one, as in an image's
# build. The file is touched only if what it says has changed.
set(commit "${COMMIT}")
if(NOT commit AND EXISTS ${SOURCE}/.git)
  execute_process(
    COMMAND git -C ${SOURCE} describe --always --dirty --abbrev=12 --exclude=*
    OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
endif()
if(NOT commit)
  set(commit unknown)
endif()
file(CONFIGURE OUTPUT ${FILE} CONTENT [[
namespace belfry {
extern const char kVersion[];
extern const char kCommit[];
const char kVersion[] = "@VERSION@";
const char kCommit[] = "@commit@";
}  // namespace belfry
]] @ONLY)
