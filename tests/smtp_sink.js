// A mail server for tests: the npm package smtp-server on a free port of 127.0.0.1. Prints {"port":N} when it listens,
// then one line of JSON for each thing that happens:
//   {"mail":{"from","to":[...],"user","secure","raw":base64}}   a mail that was accepted
//   {"refused":{"code","at"}}                                   an answer it was told to give
//
//   node smtp_sink.js '{"port":0,"key":FILE,"certificate":FILE,"implicit":false,"user":NAME,"password":TEXT,
//                       "busy":2,"refuse":550,"slow":5000}'
// key, certificate: offers STARTTLS, or with `implicit` speaks TLS from the start. user, password: a log-in is required.
// busy: that many recipients are answered 451 first. refuse: every recipient gets that code. slow: milliseconds before
// the end of each mail is answered.
'use strict';
const fs = require('node:fs');
const path = require('node:path');
const { SMTPServer } = require(path.join(__dirname, '../third_party/npm-test/node_modules/smtp-server'));

const options = JSON.parse(process.argv[2] || '{}');
const tell = (what) => process.stdout.write(`${JSON.stringify(what)}\n`);
let busy = options.busy || 0;

const refusal = (code, text) => {
  tell({ refused: { code, at: 'recipient' } });
  return Object.assign(new Error(text), { responseCode: code });
};
const disabled = ['STARTTLS', 'AUTH'].filter((command) => !(command === 'AUTH' ? options.user : options.key && !options.implicit));

const server = new SMTPServer({
  secure: Boolean(options.implicit),
  ...(options.key ? { key: fs.readFileSync(options.key), cert: fs.readFileSync(options.certificate) } : {}),
  disabledCommands: disabled,
  authOptional: !options.user,
  allowInsecureAuth: true,
  disableReverseLookup: true,
  logger: false,
  onAuth({ username, password }, session, done) {
    if (username === options.user && password === options.password) return done(null, { user: username });
    return done(Object.assign(new Error('Invalid log-in'), { responseCode: 535 }));
  },
  onRcptTo(address, session, done) {
    if (options.refuse) return done(refusal(options.refuse, 'No such user'));
    if (busy > 0) {
      busy -= 1;
      return done(refusal(451, 'Try again later'));
    }
    return done();
  },
  onData(stream, session, done) {
    const chunks = [];
    stream.on('data', (chunk) => chunks.push(chunk));
    stream.on('end', () => setTimeout(() => {
      const { mailFrom, rcptTo } = session.envelope;
      tell({
        mail: {
          from: mailFrom.address, to: rcptTo.map((one) => one.address), user: session.user || '', secure: Boolean(session.secure),
          raw: Buffer.concat(chunks).toString('base64'),
        },
      });
      done();
    }, options.slow || 0));
  },
});
server.on('error', () => {}); // a client that went away, or does not trust the certificate
server.listen(options.port || 0, '127.0.0.1', () => tell({ port: server.server.address().port }));
process.stdin.resume().on('end', () => process.exit(0)); // ends with the test
