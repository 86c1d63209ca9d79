// SPDX-License-Identifier: Apache-2.0
// node embed.mjs OUT FILE.cc: the files that clients/web/build.mjs has made, as C++ constants.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const [folder, target] = process.argv.slice(2);
const { files } = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8'));
const constants = [];
const assets = [];

// A char is signed where we build; a list of them has no limit of length, unlike a literal.
function constant(name, file) {
  const bytes = new Int8Array(readFileSync(join(folder, file)));
  constants.push(`constexpr char ${name}[] = {${bytes.join(',')}};`);
  return `std::string_view(${name}, sizeof(${name}))`;
}

files.forEach(({ file, alias, integrity }, index) => {
  const [, version] = /\.([0-9a-f]+)\.js$/.exec(file);
  const views = [['identity', ''], ['gzip', '.gz'], ['brotli', '.br']]
    .map(([coding, suffix]) => constant(`k${index}_${coding}`, file + suffix)).join(', ');
  const asset = (path, immutable) => assets.push(`    {"/${path}", "${version}", ${immutable}, "${integrity}", ${views}},`);
  asset(file, true);
  if (alias) asset(alias, false);
});

writeFileSync(target, `// Made by services/edge/web/embed.mjs.
#include <array>

#include "services/edge/web/assets.h"

namespace belfry::edge {
namespace {

${constants.join('\n')}

constexpr std::array<WebAsset, ${assets.length}> kAssets = {{
${assets.join('\n')}
}};

}  // namespace

std::span<const WebAsset> WebAssets() { return kAssets; }

}  // namespace belfry::edge
`);
