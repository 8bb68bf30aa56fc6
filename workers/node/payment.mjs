// Payment's worker of the order saga in Node: what workers/orders/payment.py does, on the same tables.
//
//     PAYMENT_WORKER_URL=http+unix:/run/payment.sock PAYMENT_WORKER_DATABASE=DSN node payment.mjs

import { Declined, integer, oneOf, record, serve, text } from './worker.mjs';

const DISCOUNT_PERCENT = { none: 0, silver: 5, gold: 10 };
const params = {
  reservation: record({ number: text, customer: text, total_cents: integer }),
  tier: oneOf(...Object.keys(DISCOUNT_PERCENT)),
};

async function charge(tx, { reservation: { customer, total_cents }, tier }, { session, site }) {
  // the discount is rounded down: a cent is never given away
  const paid_cents = total_cents - Math.floor((total_cents * DISCOUNT_PERCENT[tier]) / 100);
  if (paid_cents < 0) throw new Declined('the total is negative');
  const made = await tx.query(
    `WITH taken AS (UPDATE account SET balance_cents = balance_cents - $4
                     WHERE customer = $3 AND balance_cents >= $4 RETURNING customer),
          told AS (INSERT INTO ledger (session, site, kind, operation)
                   SELECT $1, $2, 'forward', 'charge' FROM taken)
     INSERT INTO payment (session, site, customer, paid_cents)
     SELECT $1, $2, customer, $4 FROM taken RETURNING receipt`,
    [session, site, customer, paid_cents],
  );
  if (made.rowCount === 1) return { number: made.rows[0].receipt, customer, paid_cents };
  const known = await tx.query('SELECT FROM account WHERE customer = $1', [customer]);
  throw new Declined(known.rowCount === 1 ? 'not enough money' : 'unknown customer');
}

async function refund(tx, _, { session, site }) {
  const undone = await tx.query(
    `WITH undone AS (UPDATE payment SET refunded = true
                      WHERE session = $1 AND site = $2 AND NOT refunded RETURNING customer, paid_cents),
          back AS (UPDATE account a SET balance_cents = balance_cents + u.paid_cents
                     FROM undone u WHERE a.customer = u.customer),
          told AS (INSERT INTO ledger (session, site, kind, operation)
                   SELECT $1, $2, 'compensate', 'refund' FROM undone)
     SELECT FROM undone`,
    [session, site],
  );
  if (undone.rowCount !== 1) throw new Error('what is to be refunded was not taken');
}

await serve({
  url: process.env.PAYMENT_WORKER_URL,
  database: process.env.PAYMENT_WORKER_DATABASE,
  schema: 'payment_worker',
  operations: new Map([
    ['charge', { kind: 'transaction', params, run: charge }],
    ['refund', { kind: 'compensation', params, run: refund }],
  ]),
});
