// A worker in Node without any SDK: one POST a call (JSON-RPC 2.0), and the fence's SQL functions around each operation.
//
// What makes it exactly-once stands in `transact`: BEGIN and enter, the operation's own statements, leave and COMMIT; each
// of the two pairs is one round trip to the database. The rest reads requests strictly and says what went wrong in the
// contract's codes. An operation is
//
//     { kind: 'transaction' | 'compensation' | 'query', params: { name: check }, run: async (tx, params, call) => reply }
//
// `tx` is a client in an open transaction; what `run` does on it is committed with the fence's record, or not at all.
// Integers beyond 2^53 are refused, since JavaScript would round them.

import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import pg from 'pg';

const MESSAGE_BYTES_MAX = 1_310_720;
const VALUE_BYTES_MAX = 1_048_576; // a larger reply would be refused by the sidecar, larger arguments by its close
const SITE_BYTES_MAX = 800;
const REASON_CHARS_MAX = 500;
const PARSE_ERROR = -32700, INVALID_REQUEST = -32600, NOT_FOUND = -32601, INVALID_PARAMS = -32602, FAULT = -32603;
const DECLINED = -32001, RETRY_LATER = -32002, CLOSED = -32003, REUSED = -32004;

/** Thrown by an operation that decides against it: final, and its reason is recorded. */
export class Declined extends Error {}

class RpcError extends Error {
  constructor(code, message, data) {
    super(message);
    Object.assign(this, { code, data });
  }
}

// -- what parameters have to be ------------------------------------------------------------------

export const text = (value) => typeof value === 'string' && value.isWellFormed();
export const integer = (value) => Number.isSafeInteger(value);
export const oneOf = (...values) => (value) => values.includes(value);
export const record = (fields) => (value) =>
  value !== null && typeof value === 'object' && !Array.isArray(value)
  && Object.keys(value).length === Object.keys(fields).length
  && Object.entries(fields).every(([name, fits]) => Object.hasOwn(value, name) && fits(value[name]));

const uuid = (value) => typeof value === 'string' && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value);
const name = (value) => text(value) && value !== '' && Buffer.byteLength(value) <= SITE_BYTES_MAX && !value.includes('\0');

/** One text for one value, whatever the order of its members and white space were. */
function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  return `{${Object.keys(value).sort().map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`).join()}}`;
}

// -- the fence -------------------------------------------------------------------------------------

/** The reply of a transaction or compensation, done now or before. */
async function transact(pool, operation, key, params, about) {
  const call = { session: key[0], role: key[1], site: key[2] };
  try {
    return meaning(await within(pool, `${BEGIN}${patient(about)}`, async (tx, begun) => {
      const [, { rows: [entered] }] = await together(
        begun,
        tx.query('SELECT status, answer FROM fence_enter($1, $2, $3, $4, $5, $6)', key),
      );
      if (entered.status !== 'run') return { told: entered };
      const reply = JSON.stringify((await operation.run(tx, params, call)) ?? null);
      if (Buffer.byteLength(reply) > VALUE_BYTES_MAX) throw new Error('the reply is too large');
      const last = ['SELECT fence_leave($1, $2, $3, $4, $5, $6, $7)', [...key, reply]];
      return { told: { status: 'replied', answer: reply }, last };
    }));
  } catch (problem) {
    if (!(problem instanceof Declined) || operation.kind === 'compensation') throw problem;
    // what is retriable may not decline: that is a fault, which is asked again, and no outcome to keep
    if (about.retriable === true) throw new RpcError(DECLINED, 'declined', problem.message.slice(0, REASON_CHARS_MAX));
    // the effects are rolled back; the refusal is recorded by itself, and what was recorded before it wins
    const [session, role, site, , method, digested] = key;
    const reason = problem.message.replaceAll('\0', '').slice(0, REASON_CHARS_MAX);
    const refusal = [session, role, site, method, digested, reason];
    return meaning((await ask(pool, 'SELECT status, answer FROM fence_refuse($1, $2, $3, $4, $5, $6)', refusal)).rows[0]);
  }
}

function meaning({ status, answer }) {
  if (status === 'replied') return answer ?? 'null';
  if (status === 'declined') throw new RpcError(DECLINED, 'declined', answer);
  if (status === 'closed') throw new RpcError(CLOSED, 'closed');
  throw new RpcError(REUSED, 'key reused with other arguments');
}

// The fence waits for a lock and then reads what its holder did. It is stated, because what BEGIN alone means is a setting
// of the role, the database or the server.
const BEGIN = 'BEGIN ISOLATION LEVEL READ COMMITTED';

/** Who waits longer than 10 s gets more time than the connection's limits, which suit a caller of 10 s. */
function patient(about) {
  const ms = Number.isSafeInteger(about?.timeout_ms) ? Math.min(about.timeout_ms, 86_400_000) : 0;
  if (ms <= 10_000) return '';
  return `; SET LOCAL statement_timeout = ${ms - 2_000}; SET LOCAL idle_in_transaction_session_timeout = ${ms + 20_000}`;
}

/** A connection of the pool. Where all are in use for too long the call has not begun, and costs its caller no attempt. */
async function connected(pool) {
  try {
    return await pool.connect();
  } catch (problem) {
    if (/timeout exceeded/.test(problem.message) && pool.totalCount >= pool.options.max) {
      throw new RpcError(RETRY_LATER, 'retry later', 'busy');
    }
    throw Object.assign(problem, { unconnected: true });
  }
}

/** One statement by itself. */
async function ask(pool, statement, given) {
  const client = await connected(pool);
  try {
    const result = await client.query(statement, given);
    client.release();
    return result;
  } catch (problem) {
    client.release(spoils(problem));
    throw problem;
  }
}

/**
 * What `work` has told, committed. It is given a client and the promise of what `begin` answers, with which it may ask
 * its first statement; its `last` one is asked with COMMIT.
 */
async function within(pool, begin, work) {
  const tx = await connected(pool);
  try {
    const { told, last } = await work(tx, tx.query(begin));
    const ended = await together(...(last ? [tx.query(...last)] : []), tx.query('COMMIT'));
    // a transaction in which a statement failed is rolled back by its COMMIT, without an error
    if (ended.at(-1).command !== 'COMMIT') throw new Error('the transaction was rolled back');
    tx.release();
    return told;
  } catch (problem) {
    await tx.query('ROLLBACK').then(() => tx.release(spoils(problem)), () => tx.release(true));
    throw problem;
  }
}

/** The answers to queries that were sent one behind the other, without waiting. Where some fail, the first failure. */
async function together(...queries) {
  const ended = await Promise.allSettled(queries);
  const failed = ended.find(({ status }) => status === 'rejected');
  if (failed) throw failed.reason;
  return ended.map(({ value }) => value);
}

/**
 * Whether the server says what it goes on saying for as long as this connection is kept: it was demoted, is shutting
 * down, does not know the login any more. A new connection may lead to a better server.
 */
const spoils = (problem) => /^(08...|25006|28...|3D000|57P..|58...|XX...)$/.test(problem.code ?? '');

/**
 * Whether an error may pass: a conflict, a lock, a time-out, a right that somebody took away, a database that is away or
 * does not let us in or write. Whatever keeps a connection from being made may pass, too. `writes`: whether the operation
 * may; one that may not, and does, is told so by the same error as by a server that was demoted.
 */
function passing(problem, writes) {
  if (problem.code === '23505') return problem.table === 'fence_call'; // a repeat of this very call was first
  if (problem.code === '25006') return writes;
  return problem.unconnected === true || spoils(problem)
    || /^(53...|57014|40001|40P01|42501|55P03|25P0[34]|E[A-Z]+)$/.test(problem.code ?? '')
    || /Connection terminated/.test(problem.message);
}

// -- one call --------------------------------------------------------------------------------------

async function answer(worker, request) {
  const about = request.params?._meta;
  const { _meta, ...params } = request.params ?? {};
  const reserved = worker.reserved.get(request.method);
  if (reserved) return reserved(params);
  const operation = worker.operations.get(request.method);
  if (!operation) throw new RpcError(NOT_FOUND, 'method not found');
  if (!record(operation.params)(params)) throw new RpcError(INVALID_PARAMS, 'invalid params');
  if (operation.kind === 'query') {
    return within(worker.pool, `${BEGIN} READ ONLY${patient(about)}`, async (tx, begun) => {
      await begun;
      return { told: JSON.stringify(await operation.run(tx, params)) };
    });
  }
  const kind = operation.kind === 'compensation' ? 'compensate' : 'forward';
  const { session, role, site, key = 'forward' } = about ?? {};
  if (!uuid(session) || !name(role) || !name(site) || key !== kind) {
    throw new RpcError(INVALID_PARAMS, 'invalid params', 'the key in _meta: session, role, site, key');
  }
  const asked = canonical(params);
  if (Buffer.byteLength(asked) > VALUE_BYTES_MAX) throw new RpcError(INVALID_PARAMS, 'invalid params', 'too large');
  return transact(worker.pool, operation, [session, role, site, kind, request.method, asked], params, about);
}

function reserved(pool) {
  const invalid = () => { throw new RpcError(INVALID_PARAMS, 'invalid params'); };
  return new Map([
    ['accompanist.close', async ({ session, role, unless = null, before = null }) => {
      if (!uuid(session) || !name(role) || ![unless, before].every((site) => site === null || name(site))) invalid();
      const asked = [session, role, unless, before];
      return (await ask(pool, 'SELECT fence_close($1, $2, $3, p_before => $4) AS told', asked)).rows[0].told;
    }],
    ['accompanist.forget', async ({ sessions }) => {
      if (!Array.isArray(sessions) || !sessions.every(uuid)) invalid();
      const { rows } = await ask(pool, 'SELECT fence_forget($1::uuid[]) AS rows', [sessions]);
      return `{"rows":${rows[0].rows}}`;
    }],
  ]);
}

/** The bytes to answer with; null for a notification. */
async function answered(worker, body) {
  let request;
  try {
    request = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body));
  } catch {
    return failure(null, new RpcError(PARSE_ERROR, 'parse error'));
  }
  const id = request !== null && typeof request === 'object' && (text(request.id) || integer(request.id)) ? request.id : null;
  try {
    if (!isRequest(request)) throw new RpcError(INVALID_REQUEST, 'invalid request');
    const { params = {} } = request;
    if (params === null || typeof params !== 'object' || Array.isArray(params)) {
      throw new RpcError(INVALID_PARAMS, 'invalid params', 'parameters are given by name');
    }
    const result = await answer(worker, request);
    return Object.hasOwn(request, 'id') ? `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":${result}}` : null;
  } catch (problem) {
    if (isRequest(request) && !Object.hasOwn(request, 'id')) return null;
    return failure(id, problem, worker.operations.get(request?.method)?.kind !== 'query');
  }
}

const isRequest = (request) => request !== null && typeof request === 'object' && !Array.isArray(request)
  && request.jsonrpc === '2.0' && typeof request.method === 'string';

function failure(id, problem, writes = true) {
  let { code, message, data } = problem;
  if (problem instanceof Declined) {
    [code, message, data] = [DECLINED, 'declined', problem.message]; // a query's; nothing is recorded
  } else if (!(problem instanceof RpcError)) {
    [code, message, data] = passing(problem, writes) ? [RETRY_LATER, 'retry later'] : [FAULT, 'internal error'];
    // not its message, which may quote what was sent
    console.error(`fault: ${problem.constructor?.name} ${problem.code ?? ''}${problem.stack?.match(/at .*/)?.[0] ?? ''}`);
  }
  return JSON.stringify({ jsonrpc: '2.0', id, error: { code, message, ...(data === undefined ? {} : { data }) } });
}

// -- HTTP ------------------------------------------------------------------------------------------

async function read(request) {
  if (Number(request.headers['content-length'] ?? 0) > MESSAGE_BYTES_MAX) return null;
  const chunks = [];
  let length = 0;
  for await (const chunk of request) {
    length += chunk.length;
    if (length > MESSAGE_BYTES_MAX) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

async function post(worker, target, request, response) {
  const refuse = (status) => response.writeHead(status, { 'Content-Length': 0, Connection: 'close' }).end();
  if (request.url !== target) return refuse(404);
  if (request.method !== 'POST') return refuse(405);
  // a browser's page cannot send this across origins without asking first
  if (!/^application\/json\s*(;|$)/i.test(request.headers['content-type'] ?? '')) return refuse(415);
  const body = await read(request);
  if (body === null) return refuse(413);
  const told = await answered(worker, body);
  if (told === null) return response.writeHead(204).end();
  const bytes = Buffer.from(told);
  return response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': bytes.length }).end(bytes);
}

// What a connection has to be, whatever the role, the database or the server is set to. A space is escaped.
const SETTINGS = {
  lock_timeout: 5000,
  statement_timeout: 8000,
  idle_in_transaction_session_timeout: 30000,
  idle_session_timeout: 0,
  default_transaction_isolation: 'read\\ committed',
  default_transaction_read_only: 'off',
  default_transaction_deferrable: 'off',
  synchronous_commit: 'on',
  row_security: 'on',
};

/** Serve operations (a Map by name) at an address, http:, http+unix:, on a database, until SIGTERM. */
export async function serve({ url, database, schema, operations, connections = 16, connectMs = 5_000 }) {
  const pool = new pg.Pool({
    connectionString: database,
    max: connections,
    pipeline: true, // a query is sent when it is asked, also behind one that is not answered
    connectionTimeoutMillis: connectMs, // to open one, or to wait for one that is free
    options: Object.entries({ search_path: schema, ...SETTINGS }).map(([name, value]) => `-c ${name}=${value}`).join(' '),
  });
  pool.on('error', () => {}); // a connection that breaks while idle is replaced
  pool.on('connect', (client) => client.on('error', () => {})); // one that breaks in use fails its query
  const worker = { pool, operations, reserved: reserved(pool) };
  const unix = url.startsWith('http+unix:');
  const place = unix ? { path: url.slice('http+unix:'.length) } : new URL(url);
  const target = unix ? '/' : place.pathname;
  const server = http.createServer({ keepAliveTimeout: 75_000 }, (request, response) => {
    post(worker, target, request, response).catch(() => response.destroy());
  });
  const stop = () => {
    server.close(() => pool.end());
    server.closeIdleConnections();
  };
  process.once('SIGTERM', stop).once('SIGINT', stop);
  if (unix) await clearStale(place.path);
  process.umask(0o177); // a socket for its owner alone
  server.listen(unix ? { path: place.path } : { host: place.hostname, port: Number(place.port) });
}

/** A socket that a killed process has left is removed; one that somebody answers is not. */
function clearStale(path) {
  return new Promise((done, failed) => {
    const probe = net.connect(path, () => failed(new Error(`${path} is in use`)));
    probe.on('error', (problem) => {
      if (problem.code === 'ECONNREFUSED') fs.unlinkSync(path);
      done();
    });
  });
}
