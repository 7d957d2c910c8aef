/** What the SDKs of the providers take from the environment by themselves, and send to whatever address they are given. */
const AMBIENT = [
  "OPENAI_CUSTOM_HEADERS",
  "OPENAI_ADMIN_KEY",
  "ANTHROPIC_CUSTOM_HEADERS",
  "ANTHROPIC_AUTH_TOKEN",
] as const;

/** Makes a client that knows of none of it: what is sent where is said in `gang.yaml`, and nowhere else. */
export function withoutAmbient<T>(make: () => T): T {
  const kept = AMBIENT.map((name) => [name, process.env[name]] as const);
  try {
    for (const name of AMBIENT) delete process.env[name];
    return make();
  } finally {
    for (const [name, value] of kept) if (value !== undefined) process.env[name] = value;
  }
}
