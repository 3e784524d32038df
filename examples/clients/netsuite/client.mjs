#!/usr/bin/env node
// A client of the SuiteBilling usage RESTlet in plain Node.js 18: signs (OAuth 1.0 TBA, HMAC-SHA256), hands usages in,
// polls, prints what failed. It speaks the vendor's wire, so it runs against either: only NETSUITE_URL differs.
//
//   node client.mjs create FILE [--key KEY]   creates the usages of FILE, waits for the end, prints failures
//   node client.mjs send FILE [--key KEY]     creates them and prints the request id only
//   node client.mjs status ID                 prints the status as JSON, as the server sent it
//
// FILE is a JSON array of usages (sent as it is, digits and all) or, with the ending .csv, a table whose header names the
// properties: subscriptionId, subscriptionName, line, quantity, date, memo; sbLookup.FIELD, sbLineLookup.FIELD and
// customFields.FIELD for those; empty cells are left out. KEY makes a create that is sent again one request
// (X-NetSuite-Idempotency-Key; Meterport's, the vendor's RESTlet does not look at it).
//
// Environment: NETSUITE_URL (https://1234567-sb1.restlets.api.netsuite.com or your server), NETSUITE_ACCOUNT
// (1234567_SB1), NETSUITE_CONSUMER_KEY, NETSUITE_CONSUMER_SECRET, NETSUITE_TOKEN_ID, NETSUITE_TOKEN_SECRET.
//
// Exit codes: 0 all usages stored, 1 the call or the whole request failed, 2 bad use, 3 some usages failed.
import { createHmac, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import process, { argv, env, stderr, stdout } from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';

const QUERY = { script: 'customscript_sbe_rs_main', deploy: 'customdeploy_sbe_rs_main' };
const WAIT_SECONDS_MAX = 3600;

class BadUse extends Error {}
class CallFailed extends Error {}

// RFC 3986: encodeURIComponent leaves five characters that a signature needs encoded.
const encoded = (text) => encodeURIComponent(text).replace(/[!'()*]/g, (c) => '%' + c.charCodeAt(0).toString(16).toUpperCase());
// By code point; all is ASCII once it is encoded.
const byName = ([nameA, valueA], [nameB, valueB]) => (nameA < nameB ? -1 : nameA > nameB ? 1 : valueA < valueB ? -1 : valueA > valueB ? 1 : 0);

/** The Authorization header of one POST. `url` without its query, `query` as an object. */
function authorization(url, query, { account, consumerKey, consumerSecret, tokenId, tokenSecret },
  nonce = randomBytes(10).toString('hex'), timestamp = Math.floor(Date.now() / 1000)) {
  const fields = {
    oauth_consumer_key: consumerKey, oauth_nonce: nonce, oauth_signature_method: 'HMAC-SHA256',
    oauth_timestamp: String(timestamp), oauth_token: tokenId, oauth_version: '1.0',
  };
  const parameters = Object.entries({ ...query, ...fields }).map(([name, value]) => [encoded(name), encoded(value)]).sort(byName)
    .map(([name, value]) => `${name}=${value}`).join('&');
  const base = ['POST', encoded(url), encoded(parameters)].join('&');
  const secret = `${encoded(consumerSecret)}&${encoded(tokenSecret)}`;
  const signature = createHmac('sha256', secret).update(base).digest('base64');
  return `OAuth realm="${account}", ` + Object.entries({ ...fields, oauth_signature: signature })
    .map(([name, value]) => `${name}="${encoded(value)}"`).join(', ');
}

/** One call of the RESTlet: the text of its answer. An error answer, or none, throws CallFailed. */
async function call(body, headers = {}) {
  const url = new URL('/app/site/hosting/restlet.nl', settings.url).href;  // scheme and host in lower case, no default port
  let answer, text;
  try {
    answer = await fetch(`${url}?${new URLSearchParams(QUERY)}`, {
      method: 'POST', body,
      headers: { 'Content-Type': 'application/json', Accept: 'application/json', Authorization: authorization(url, QUERY, settings), ...headers },
    });
    text = await answer.text();
  } catch (error) {
    throw new CallFailed(`no answer from ${settings.url}: ${error.cause?.message ?? error.message}`);
  }
  if (answer.status === 200) return text;
  let { code, message } = { code: `HTTP ${answer.status}`, message: text.slice(0, 200) };
  try {
    ({ code, message } = JSON.parse(text).error);
  } catch { /* not this wire's error: the status and the text say what there is */ }
  throw new CallFailed(`${code}: ${message}`);
}

const askStatus = (requestId) => call(JSON.stringify({ method: 'sbGetUsageCreationStatus', requestId }));

async function create(usages, key) {
  const text = await call(`{"method":"sbCreateUsage","usages":${usages}}`, key ? { 'X-NetSuite-Idempotency-Key': key } : {});
  return JSON.parse(text).requestId;
}

/** Polls until the request has ended, each time a little later. */
async function finished(requestId) {
  const end = Date.now() + WAIT_SECONDS_MAX * 1000;
  for (let pause = 100; ; pause = Math.min(pause * 1.5, 10_000)) {
    const status = JSON.parse(await askStatus(requestId));
    if (status.status === 'Completed' || status.status === 'Error') return status;
    if (Date.now() > end) throw new CallFailed(`request ${requestId} is still ${status.status} after ${WAIT_SECONDS_MAX} s`);
    await sleep(pause);
  }
}

/** Rows of cells of a CSV text (RFC 4180). */
function cells(text) {
  const rows = [[]];
  const cell = /("(?:[^"]|"")*"|[^",\r\n]*)(,|\r?\n|$)/gy;
  for (let match; cell.lastIndex < text.length && (match = cell.exec(text)) !== null;) {
    const [, raw, end] = match;
    rows.at(-1).push(raw.startsWith('"') ? raw.slice(1, -1).replaceAll('""', '"') : raw);
    if (end !== ',' && cell.lastIndex < text.length) rows.push([]);
    if (end === ',' && cell.lastIndex === text.length) rows.at(-1).push('');
  }
  if (cell.lastIndex === 0 && text.length > 0) throw new BadUse('the CSV has a quote where none may be');
  return rows.filter((row) => row.length > 1 || row[0]);
}

/** The usages of a CSV. Values stay texts, so that no digit is lost. */
function usagesOfCsv(text) {
  const [header, ...rows] = cells(text.replace(/^\uFEFF/, ''));
  if (header === undefined) throw new BadUse('the CSV is empty');
  return rows.map((row, index) => {
    if (row.length !== header.length) throw new BadUse(`row ${index + 1} has ${row.length} cells, the header ${header.length}`);
    const usage = {};
    header.forEach((name, column) => {
      const value = row[column];
      if (value === '') return;
      const [property, ...rest] = name.split('.');
      const fieldId = rest.join('.');
      if (!fieldId) usage[property] = value;
      else if (property === 'customFields') (usage.customFields ??= []).push({ fieldId, value });
      else usage[property] = { fieldId, value };
    });
    return usage;
  });
}

/** The text of the array of usages that a file holds. */
function usagesOf(path) {
  let text;
  try {
    text = readFileSync(path, 'utf8');
    if (path.toLowerCase().endsWith('.csv')) return JSON.stringify(usagesOfCsv(text));
    if (!Array.isArray(JSON.parse(text))) throw new BadUse('must hold a JSON array of usages');
  } catch (error) {
    throw new BadUse(`${path}: ${error.message}`);
  }
  return text.trim();
}

function report({ requestId, status, result }) {
  const { successes, failures, errors } = result;
  for (const { index, result: { name, message } } of failures) stdout.write(`usage ${index}: ${name}: ${message}\n`);
  for (const { index, stage, name, message } of errors) stdout.write(`${index === undefined ? 'request' : `usage ${index}`}: ${name} (${stage}): ${message}\n`);
  stdout.write(`request ${requestId}: ${status}, ${successes.length} stored, ${failures.length} failed, ${errors.length} lost to errors\n`);
  if (status === 'Error') return 1;
  return failures.length + errors.length > 0 ? 3 : 0;
}

let settings;
function readSettings() {
  const names = { url: 'NETSUITE_URL', account: 'NETSUITE_ACCOUNT', consumerKey: 'NETSUITE_CONSUMER_KEY', consumerSecret: 'NETSUITE_CONSUMER_SECRET',
    tokenId: 'NETSUITE_TOKEN_ID', tokenSecret: 'NETSUITE_TOKEN_SECRET' };
  const missing = Object.values(names).filter((name) => !env[name]);
  if (missing.length > 0) throw new BadUse(`set ${missing.join(', ')}`);
  settings = Object.fromEntries(Object.entries(names).map(([member, name]) => [member, env[name]]));
}

async function main([command, what, option, key, ...more]) {
  if (what === undefined || more.length > 0 || (option !== undefined && (option !== '--key' || !key || command === 'status'))) {
    throw new BadUse('usage: client.mjs create|send FILE [--key KEY] | status ID');
  }
  readSettings();
  if (command === 'status') {
    stdout.write(await askStatus(what) + '\n');
    return 0;
  }
  if (command !== 'create' && command !== 'send') throw new BadUse(`no command ${command}: create, send or status`);
  const requestId = await create(usagesOf(what), key);
  if (command === 'send') {
    stdout.write(`${requestId}\n`);
    return 0;
  }
  return report(await finished(requestId));
}

try {
  process.exitCode = await main(argv.slice(2));
} catch (error) {
  if (!(error instanceof BadUse) && !(error instanceof CallFailed)) throw error;
  stderr.write(`${error.message}\n`);
  process.exitCode = error instanceof BadUse ? 2 : 1;
}
