// SPDX-License-Identifier: Apache-2.0
// How each proxy is started with its example from deploy/. What is replaced in an example are the
// places where it would listen, look for edges and keep files; the rest is run as it is.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const deploy = join(process.env.BELFRY_SOURCE_DIR ?? '.', 'deploy');

// The example `file` with all of `changes`, [from, to], each of which must be there.
function example(file, changes) {
  let text = readFileSync(join(deploy, file), 'utf8');
  for (const [from, to] of changes) {
    if (!text.includes(from)) throw new Error(`${file} has no "${from}"`);
    text = text.replaceAll(from, to);
  }
  return text;
}

const split = (address) => address.split(':');

// Each: (place) => { program, args }, where place is { dir, listen, spare, edges }: a folder, two
// free addresses and those of two edges.
export const proxies = {
  nginx({ dir, listen, edges }) {
    const config = join(dir, 'nginx.conf');
    writeFileSync(config, example('nginx.conf', [
      ['pid /tmp/nginx.pid', `pid ${dir}/nginx.pid`], ['_temp_path /tmp', `_temp_path ${dir}`],
      ['listen 8080', `listen ${listen}`],
      ['server edge:8080', `server ${edges[1]}; server ${edges[0]}`],
      ['worker_processes auto', 'worker_processes 1'], ['worker_rlimit_nofile 20000;', ''],
      ['worker_connections 16384', 'worker_connections 512'],
    ]));
    return { program: 'nginx', args: ['-e', 'stderr', '-c', config, '-g', 'daemon off;'] };
  },

  caddy({ dir, listen, edges }) {
    const config = join(dir, 'Caddyfile');
    writeFileSync(config, example('proxies/Caddyfile', [
      ['edge-1:8080', edges[0]], ['edge-2:8080', edges[1]], ['\n:8080 {', `\nhttp://${listen} {`],
    ]));
    return {
      program: 'caddy', args: ['run', '--adapter', 'caddyfile', '--config', config],
      env: { HOME: dir, XDG_DATA_HOME: dir, XDG_CONFIG_HOME: dir },
    };
  },

  haproxy({ dir, listen, edges }) {
    const config = join(dir, 'haproxy.cfg');
    writeFileSync(config, example('proxies/haproxy.cfg', [
      ['edge-1:8080', edges[0]], ['edge-2:8080', edges[1]], ['bind :8080', `bind ${listen}`],
      ['/etc/haproxy/no-edge.http', join(deploy, 'proxies/no-edge.http')], ['maxconn 16384', 'maxconn 512'],
    ]));
    return { program: 'haproxy', args: ['-db', '-f', config] };
  },

  apache({ dir, listen, spare, edges }) {
    const modules = ['mpm_event', 'authz_core', 'proxy', 'proxy_http', 'proxy_balancer', 'slotmem_shm',
      'lbmethod_bybusyness', 'headers', 'alias'];
    const folder = '/usr/lib/apache2/modules';
    const there = new Set(readdirSync(folder));
    const config = join(dir, 'apache.conf');
    mkdirSync(join(dir, 'belfry'));
    writeFileSync(join(dir, 'belfry/no-edge.txt'), readFileSync(join(deploy, 'proxies/no-edge.txt')));
    writeFileSync(config, [
      ...modules.filter((name) => there.has(`mod_${name}.so`))
        .map((name) => `LoadModule ${name}_module ${folder}/mod_${name}.so`),
      `ServerRoot ${dir}`, 'ServerName localhost', `PidFile ${dir}/apache.pid`, `ErrorLog ${dir}/error.log`,
      `DefaultRuntimeDir ${dir}`,
      example('proxies/apache.conf', [
        ['edge-1:8080', edges[0]], ['edge-2:8080', edges[1]], ['127.0.0.1:8079', spare],
        ['Listen 8080', `Listen ${listen}`], ['*:8080', listen], ['/etc/apache2/belfry', join(dir, 'belfry')],
      ]),
    ].join('\n'));
    return { program: 'apache2', args: ['-D', 'FOREGROUND', '-f', config] };
  },

  varnish({ dir, listen, edges }) {
    const config = join(dir, 'varnish.vcl');
    const changes = edges.flatMap((edge, i) => [[
      `.host = "edge-${i + 1}";\n  .port = "8080";`, `.host = "${split(edge)[0]}";\n  .port = "${split(edge)[1]}";`,
    ]]);
    writeFileSync(config, example('proxies/varnish.vcl', changes));
    return {
      program: 'varnishd',
      args: ['-F', '-a', listen, '-f', config, '-n', join(dir, 'work'), '-s', 'default,16m', '-j', 'none',
        '-p', 'listen_depth=4096'],
    };
  },
};

const tools = join(process.env.BELFRY_SOURCE_DIR ?? '.', 'build/tools/usr');

// Debian keeps daemons in sbin; ./dev test unpacks nginx and Caddy, since to install them would start them.
export const path = [process.env.PATH, '/usr/sbin', '/sbin', join(tools, 'sbin'), join(tools, 'bin')].join(':');

export function installed(program) {
  return spawnSync('sh', ['-c', `command -v ${program}`], { env: { PATH: path } }).status === 0;
}
