// Chooses what pages load from the packages of package-lock.json, names it by its content and compresses it.
//
//   node build.mjs check OUT                 exit 0: OUT has what these sources ask for
//   node build.mjs build NODE_MODULES OUT    makes it
//
// The result lies in OUT/<digest of the sources>/: files, each with .br and .gz, and `manifest` with a line for each:
// logical name, file name, media type. build.rs of crate `web` reckons the same digest and embeds that folder.
// Refused: a licence that asks for more than a notice, a style sheet that loads from elsewhere, a missing icon.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { alarm } from "./sound.mjs";

const SOURCES = dirname(fileURLToPath(import.meta.url));
const LICENCES = ["MIT", "0BSD", "ISC", "BSD-2-Clause", "BSD-3-Clause", "Apache-2.0"];
const TYPES = {
  ".css": "text/css; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml; charset=utf-8",
  ".txt": "text/plain; charset=utf-8",
  ".wav": "audio/wav",
};

const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");
const source = (name) => readFileSync(join(SOURCES, name), "utf8");

// Files of the folder by name; what editors and npm leave there is none of them.
function sources() {
  const kinds = [".css", ".js", ".json", ".mjs", ".svg", ".txt"];
  return readdirSync(SOURCES).filter((name) => !name.startsWith(".") && kinds.includes(extname(name))).sort();
}

function digest() {
  const listing = sources().map((name) => `${sha256(readFileSync(join(SOURCES, name)))}  ${name}\n`).join("");
  return sha256(`ward-assets/v1\n${listing}`).slice(0, 32);
}

function fail(zh, en) {
  console.error(`${zh}\n${en}`);
  process.exit(1);
}

function licences(modules) {
  const lock = JSON.parse(source("package-lock.json"));
  const texts = [];
  for (const [path, locked] of Object.entries(lock.packages)) {
    if (path === "") continue;
    const folder = join(modules, path.replace(/^node_modules\//, ""));
    const { name, version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    if (version !== locked.version) fail(`${name} 版本不符`, `${name} is ${version}, not ${locked.version}`);
    if (!LICENCES.includes(license)) fail(`${name} 之授權「${license}」不可採`, `${name}: licence ${license}`);
    const file = readdirSync(folder).find((entry) => /^licen[cs]e(\.|$)/i.test(entry));
    texts.push(`${name} ${version} (${license})\n\n${file ? readFileSync(join(folder, file), "utf8") : ""}\n`);
  }
  return texts.join(`${"-".repeat(72)}\n`);
}

// A symbol for each icon that is listed.
function sprite(modules) {
  const symbol = (name) => {
    const path = join(modules, "@tabler/icons/icons/outline", `${name}.svg`);
    if (!existsSync(path)) fail(`沒有圖示「${name}」`, `there is no icon ${name}`);
    const drawn = readFileSync(path, "utf8").replace(/^[^]*?<svg[^>]*>/, "").replace(/<\/svg>\s*$/, "");
    const paths = drawn.replace(/<path stroke="none" d="M0 0h24v24H0z" fill="none" ?\/>/, "").replace(/\s+/g, " ");
    return `<symbol id="${name}" viewBox="0 0 24 24">${paths.trim()}</symbol>`;
  };
  const names = source("icons.txt").split("\n").filter((line) => line !== "");
  return `<svg xmlns="http://www.w3.org/2000/svg">${names.map(symbol).join("")}</svg>`;
}

// Our own scripts, each in a scope of its own.
function script() {
  const names = sources().filter((name) => name.endsWith(".js") && name !== "theme.js");
  return names.map((name) => `(() => {\n"use strict";\n${source(name)}})();\n`).join("");
}

function chosen(modules) {
  const from = (path) => readFileSync(join(modules, path), "utf8").replace(/\/[/*]# sourceMappingURL=[^\n]*/g, "");
  const style = `${from("@tabler/core/dist/css/tabler.min.css")}\n`;
  return {
    "alarm.wav": alarm(),
    "chart.css": from("uplot/dist/uPlot.min.css"),
    "chart.js": from("uplot/dist/uPlot.iife.min.js"),
    "favicon.svg": source("favicon.svg"),
    "htmx.js": from("htmx.org/dist/htmx.min.js"),
    "icons.svg": sprite(modules),
    "licences.txt": licences(modules),
    "tabler.css": style,
    "theme.js": source("theme.js"),
    "ward.css": source("ward.css"),
    "ward.js": script(),
  };
}

function build(modules, out) {
  const [place, making] = [join(out, digest()), join(out, `making.${process.pid}`)];
  rmSync(making, { recursive: true, force: true });
  mkdirSync(making, { recursive: true });
  const manifest = [];
  for (const [name, text] of Object.entries(chosen(modules))) {
    const kind = extname(name);
    if (kind === ".css" && /@import|url\((?!\s*["']?data:)/.test(text)) {
      fail(`${name} 自外部載入資源`, `${name} loads from elsewhere`);
    }
    const bytes = Buffer.from(text);
    const file = `${name.slice(0, -kind.length)}.${sha256(bytes).slice(0, 16)}${kind}`;
    const best = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length };
    writeFileSync(join(making, file), bytes);
    writeFileSync(join(making, `${file}.br`), brotliCompressSync(bytes, { params: best }));
    writeFileSync(join(making, `${file}.gz`), gzipSync(bytes, { level: 9 }));
    manifest.push(`${name}\t${file}\t${TYPES[kind]}\n`);
  }
  writeFileSync(join(making, "manifest"), manifest.join(""));
  rmSync(place, { recursive: true, force: true });
  renameSync(making, place);
}

const [, , verb, ...places] = process.argv;
if (verb === "check" && places.length === 1) {
  process.exit(existsSync(join(places[0], digest(), "manifest")) ? 0 : 1);
} else if (verb === "build" && places.length === 2) {
  build(places[0], places[1]);
} else {
  fail("用法：node build.mjs check OUT | build NODE_MODULES OUT", "usage: node build.mjs check OUT | build NODE_MODULES OUT");
}
