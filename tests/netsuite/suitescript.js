// Runs a SuiteScript as NetSuite would, as far as examples/clients/netsuite/meterport_usage.js needs it:
//   node suitescript.js SCRIPT WORLD      WORLD: JSON {parameters, secrets, rows}
// The modules are stand-ins over node:crypto and curl; log lines go to stdout as JSON. What a script signs here it signs there.
const { createHmac, randomUUID } = require('node:crypto');
const { execFileSync } = require('node:child_process');
const { readFileSync } = require('node:fs');

const [script, world] = [process.argv[2], JSON.parse(process.argv[3])];
const logged = (level) => ({ title, details }) => console.log(JSON.stringify({ level, title, details }));
const modules = {
  'N/https': {
    post: ({ url, body, headers }) => {
      const lines = Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`]);
      const out = execFileSync('curl', ['-sS', '-w', '\n%{http_code}', ...lines, '--data-binary', '@-', url], { input: body, encoding: 'utf8' });
      const at = out.lastIndexOf('\n');
      return { code: Number(out.slice(at + 1)), body: out.slice(0, at) };
    },
  },
  'N/crypto': {
    HashAlg: { SHA256: 'sha256' },
    createSecretKey: ({ secret }) => ({ value: world.secrets[secret] }),
    createHmac: ({ algorithm, key }) => {
      const hmac = createHmac(algorithm, key.value);
      return { update: ({ input }) => { hmac.update(input); }, digest: ({ outputEncoding }) => hmac.digest(outputEncoding) };
    },
  },
  'N/crypto/random': { generateUUID: randomUUID },
  'N/encode': { Encoding: { UTF_8: 'utf8', BASE_64: 'base64' } },
  'N/runtime': { getCurrentScript: () => ({ getParameter: ({ name }) => world.parameters[name] ?? null, getRemainingUsage: () => 10_000 }) },
  'N/search': {
    load: () => ({
      run: () => ({
        each: (take) => world.rows.every((row) => take({
          columns: Object.keys(row).map((label) => ({ label })), getValue: ({ label }) => row[label],
        })),
      }),
    }),
  },
  'N/log': { audit: logged('audit'), error: logged('error') },
};

global.define = (names, factory) => {
  factory(...names.map((name) => {
    if (!(name in modules)) throw new Error(`no module ${name}`);
    return modules[name];
  })).execute({ type: 'SCHEDULED' });
};
(0, eval)(readFileSync(script, 'utf8'));
