/**
 * A SuiteScript 2.1 scheduled script that hands usages to Meterport from inside NetSuite: it reads them from a saved
 * search, sends them to the usage RESTlet's twin with N/https and a TBA signature, and logs what came of them.
 *
 * Deployment parameters (make them on the script record):
 *   custscript_mp_url            https://meter.example.com (your server; no path)
 *   custscript_mp_account        1234567_SB1, the account as Meterport knows it
 *   custscript_mp_consumer_key   of `meterport keys create --for netsuite`
 *   custscript_mp_token_id       of the same
 *   custscript_mp_search         internal id of the saved search
 *
 * The secret is an API secret (Setup > Company > API Secrets) with the id custsecret_mp_signing_key, open to this script.
 * Its value is the consumer secret, `&`, the token secret, each percent-encoded: Meterport's are letters and digits,
 * so that is just CONSUMER_SECRET&TOKEN_SECRET. The script itself never sees it.
 *
 * The search's column labels are the property names: subscriptionId, line, quantity, date, memo. Values go as text, so
 * that no digit is lost; dates in the account's date format, which must be the one of the org in Meterport (date_format).
 *
 * @NApiVersion 2.1
 * @NScriptType ScheduledScript
 * @NModuleScope SameAccount
 */
define(['N/https', 'N/crypto', 'N/crypto/random', 'N/encode', 'N/runtime', 'N/search', 'N/log'],
  (https, crypto, random, encode, runtime, search, log) => {
    const QUERY = { script: 'customscript_sbe_rs_main', deploy: 'customdeploy_sbe_rs_main' };
    const SIGNING_KEY = 'custsecret_mp_signing_key';
    const USAGES_PER_REQUEST = 5000;
    const POLLS_MAX = 60;
    const UNITS_KEPT = 200; // governance: stop polling while there is room to log

    // RFC 3986: encodeURIComponent leaves five characters that a signature needs encoded.
    const encoded = (text) => encodeURIComponent(text).replace(/[!'()*]/g, (c) => '%' + c.charCodeAt(0).toString(16).toUpperCase());

    const settings = () => {
      const script = runtime.getCurrentScript();
      const parameter = (name) => script.getParameter({ name: `custscript_mp_${name}` });
      return {
        url: `${parameter('url').replace(/\/+$/, '')}/app/site/hosting/restlet.nl`,
        account: parameter('account'), consumerKey: parameter('consumer_key'), tokenId: parameter('token_id'), search: parameter('search'),
      };
    };

    const sign = (text) => {
      const key = crypto.createSecretKey({ secret: SIGNING_KEY, encoding: encode.Encoding.UTF_8 });
      const hmac = crypto.createHmac({ algorithm: crypto.HashAlg.SHA256, key });
      hmac.update({ input: text, inputEncoding: encode.Encoding.UTF_8 });
      return hmac.digest({ outputEncoding: encode.Encoding.BASE_64 });
    };

    const authorization = ({ url, account, consumerKey, tokenId }) => {
      const fields = {
        oauth_consumer_key: consumerKey, oauth_nonce: random.generateUUID().replace(/-/g, ''), oauth_signature_method: 'HMAC-SHA256',
        oauth_timestamp: String(Math.floor(Date.now() / 1000)), oauth_token: tokenId, oauth_version: '1.0',
      };
      // No name occurs twice and none needs encoding, so sorting by name is all there is to it.
      const pairs = { ...QUERY, ...fields };
      const parameters = Object.keys(pairs).sort().map((name) => `${encoded(name)}=${encoded(pairs[name])}`).join('&');
      const signature = sign(['POST', encoded(url), encoded(parameters)].join('&'));
      return `OAuth realm="${account}", ` + Object.entries({ ...fields, oauth_signature: signature })
        .map(([name, value]) => `${name}="${encoded(value)}"`).join(', ');
    };

    /** One call; the answer's object. Throws on an error answer, with its code and text. */
    const call = (to, body, headers) => {
      const answer = https.post({
        url: `${to.url}?script=${QUERY.script}&deploy=${QUERY.deploy}`,
        body: JSON.stringify(body),
        headers: { 'Content-Type': 'application/json', Accept: 'application/json', Authorization: authorization(to), ...headers },
      });
      const object = JSON.parse(answer.body);
      if (answer.code !== 200) throw new Error(`${object.error.code}: ${object.error.message}`);
      return object;
    };

    const usagesOf = (id) => {
      const usages = [];
      search.load({ id }).run().each((row) => {
        const usage = {};
        row.columns.forEach((column) => {
          const value = row.getValue(column);
          if (value !== '' && value !== null) usage[column.label] = String(value);
        });
        usages.push(usage);
        return true;
      });
      return usages;
    };

    /** The status once it is final, or as it was when polls or governance ran out. */
    const finished = (to, requestId) => {
      let status;
      for (let polls = 0; polls < POLLS_MAX && runtime.getCurrentScript().getRemainingUsage() > UNITS_KEPT; ++polls) {
        status = call(to, { method: 'sbGetUsageCreationStatus', requestId }, {});
        if (status.status === 'Completed' || status.status === 'Error') break;
      }
      return status;
    };

    const report = (requestId, { status, result }) => {
      result.failures.forEach(({ index, data, result: { name, message } }) => {
        log.error({ title: `request ${requestId}, usage ${index}: ${name}`, details: `${message} ${JSON.stringify(data)}` });
      });
      result.errors.forEach((error) => log.error({ title: `request ${requestId}: ${error.name}`, details: JSON.stringify(error) }));
      log.audit({
        title: `request ${requestId}: ${status}`,
        details: `${result.successes.length} stored, ${result.failures.length} failed, ${result.errors.length} lost`,
      });
    };

    const execute = () => {
      const to = settings();
      const usages = usagesOf(to.search);
      const requests = [];
      for (let at = 0; at < usages.length; at += USAGES_PER_REQUEST) {
        // The key makes a call that is sent again one request, should its answer get lost.
        const body = { method: 'sbCreateUsage', usages: usages.slice(at, at + USAGES_PER_REQUEST) };
        const key = { 'X-NetSuite-Idempotency-Key': random.generateUUID() };
        let answer;
        try {
          answer = call(to, body, key);
        } catch (error) {
          log.error({ title: 'the request is sent once more', details: error.message });
          answer = call(to, body, key);
        }
        requests.push(answer.requestId);
      }
      requests.forEach((requestId) => report(requestId, finished(to, requestId)));
    };

    return { execute };
  });
