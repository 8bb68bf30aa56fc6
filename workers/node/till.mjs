// The till's worker in Node, for the conformance suite.
//
//     npm ci --ignore-scripts
//     accompanist fence install --schema till_worker --database DSN, and workers/till/till.sql beside it
//     TILL_WORKER_URL=http://127.0.0.1:7000/ TILL_WORKER_DATABASE=DSN node till.mjs

import { Declined, integer, record, serve, text } from './worker.mjs';

const PAUSE_MS_MAX = 2_000;
const entry = record({ cents: integer, note: text, pause_ms: integer });

async function put(tx, { drawer, entry: { cents, note, pause_ms } }, { session, site }) {
  if (cents < 1) throw new Declined('nothing to put in');
  if (drawer.startsWith('broken-')) {
    const mended = await tx.query('SELECT FROM mended WHERE drawer = $1', [drawer]);
    if (mended.rowCount === 0) throw new Error('the drawer is jammed');
  }
  const made = await tx.query(
    `WITH held AS (INSERT INTO drawer (name, cents) VALUES ($3, $4)
                   ON CONFLICT (name) DO UPDATE SET cents = drawer.cents + excluded.cents),
          told AS (INSERT INTO ledger (drawer, operation) VALUES ($3, 'put'))
     INSERT INTO slip (session, site, drawer, cents) VALUES ($1, $2, $3, $4) RETURNING number`,
    [session, site, drawer, cents],
  );
  if (pause_ms > 0) await tx.query('SELECT pg_sleep($1::float8 / 1000)', [Math.min(pause_ms, PAUSE_MS_MAX)]);
  return { number: made.rows[0].number, cents, note };
}

async function takeBack(tx, params, { session, site }) {
  const undone = await tx.query(
    `WITH undone AS (UPDATE slip SET taken_back = true
                      WHERE session = $1 AND site = $2 AND NOT taken_back RETURNING drawer, cents),
          back AS (UPDATE drawer d SET cents = d.cents - u.cents FROM undone u WHERE d.name = u.drawer),
          told AS (INSERT INTO ledger (drawer, operation) SELECT drawer, 'take_back' FROM undone)
     SELECT FROM undone`,
    [session, site],
  );
  if (undone.rowCount !== 1) throw new Error('what is to be taken back is not there');
}

async function pay(tx, { drawer, cents }, { session, site }) {
  if (cents < 1) throw new Declined('nothing to pay out');
  const made = await tx.query(
    `WITH taken AS (UPDATE drawer SET cents = cents - $4 WHERE name = $3 AND cents >= $4 RETURNING name),
          told AS (INSERT INTO ledger (drawer, operation) SELECT name, 'pay' FROM taken)
     INSERT INTO slip (session, site, drawer, cents) SELECT $1, $2, name, $4 FROM taken RETURNING number`,
    [session, site, drawer, cents],
  );
  if (made.rowCount === 0) throw new Declined('not enough in the drawer');
  return { number: made.rows[0].number, cents, note: '' };
}

async function mend(tx, { drawer }) {
  await tx.query('INSERT INTO mended (drawer) VALUES ($1) ON CONFLICT DO NOTHING', [drawer]);
  await tx.query("INSERT INTO ledger (drawer, operation) VALUES ($1, 'mend')", [drawer]);
}

async function balance(tx, { drawer }) {
  const held = await tx.query('SELECT cents FROM drawer WHERE name = $1', [drawer]);
  const cents = Number(held.rows[0]?.cents ?? 0);
  if (!Number.isSafeInteger(cents)) throw new Error('more than JavaScript can count');
  return cents;
}

await serve({
  url: process.env.TILL_WORKER_URL,
  database: process.env.TILL_WORKER_DATABASE,
  schema: 'till_worker',
  connections: Number(process.env.TILL_WORKER_CONNECTIONS ?? 16),
  connectMs: Number(process.env.TILL_WORKER_CONNECT_MS ?? 5_000),
  operations: new Map([
    ['put', { kind: 'transaction', params: { drawer: text, entry }, run: put }],
    ['take_back', { kind: 'compensation', params: { drawer: text, entry }, run: takeBack }],
    ['pay', { kind: 'transaction', params: { drawer: text, cents: integer }, run: pay }],
    ['mend', { kind: 'transaction', params: { drawer: text }, run: mend }],
    ['balance', { kind: 'query', params: { drawer: text }, run: balance }],
  ]),
});
