/**
 * No network while `work` goes on, for everything in this process: what a test's outcome rests on stands in the project.
 * Programs that it starts are not held by it.
 */
import { Socket } from "node:net";

const WHY = "a test has no network";

export async function offline<T>(work: () => Promise<T>): Promise<T> {
  const { connect } = Socket.prototype;
  const { fetch } = globalThis;
  Socket.prototype.connect = function (this: Socket, ...args: unknown[]): Socket {
    // Node calls it with what it has normalised: the options first, in a list of its own.
    const [first] = args;
    const options: unknown = Array.isArray(first) ? first[0] : first;
    const isLocal =
      typeof options === "string"
        ? Number.isNaN(Number(options))
        : typeof (options as { path?: unknown })?.path === "string";
    if (isLocal) return Reflect.apply(connect, this, args);
    process.nextTick(() => this.destroy(new Error(WHY)));
    return this;
  } as typeof connect;
  // Its own error would only say that it failed.
  globalThis.fetch = () => Promise.reject(new Error(WHY));
  try {
    return await work();
  } finally {
    Socket.prototype.connect = connect;
    globalThis.fetch = fetch;
  }
}
