import type { Check } from '../check.ts';

type Customer = { id: string; name: string; email: string; tier: string };

/** What the analysts' tables in booking say of other services, against those. */
export const PROJECTION_CHECKS: readonly Check[] = [
  {
    invariant: 16,
    title: 'analysts know each account as auth has it',
    async run({ auth, booking }) {
      const accounts = await auth.query<Customer>('select id, name, email, tier from users');
      const customers = await booking.query<Customer>(
        'select user_id as id, name, email, tier from projections.customers',
      );
      const known = new Map(customers.rows.map((row) => [row.id, row]));
      const findings = accounts.rows.flatMap(({ id, name, email, tier }) => {
        const row = known.get(id);
        return row?.name === name && row.email === email && row.tier === tier
          ? []
          : [`account ${id} is ${tier} in auth and ${row?.tier ?? 'unknown'} to analysts`];
      });
      return { checked: accounts.rows.length, findings };
    },
  },
  {
    invariant: 16,
    title: 'analysts know each hold that was sold as catalog has it, with its seats',
    async run({ holds, booking }) {
      const sold = await holds
        .find({ state: 'confirmed' }, { projection: { state: 1, seats: 1 } })
        .toArray();
      const told = await booking.query<{ hold_id: string; state: string; seats: number }>(
        `select hold_id, state, seats from projections.holds where state = 'confirmed'`,
      );
      const known = new Map(told.rows.map((row) => [row.hold_id, row]));
      const findings = sold.flatMap(({ _id, seats }) => {
        const row = known.get(_id);
        return row?.seats === seats.length
          ? []
          : [`hold ${_id} sold ${seats.length} seats, to analysts ${row?.seats ?? 'none'}`];
      });
      return { checked: sold.length, findings };
    },
  },
];
