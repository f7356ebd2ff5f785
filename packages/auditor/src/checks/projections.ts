import { type Check, sqlCheck } from '../check.ts';

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
  {
    invariant: 16,
    title: 'auth knows each confirmed booking, by which tiers are earned, and no other',
    needs: 'accounts',
    async run({ auth, booking }) {
      const sold = await booking.query<{ id: string; user_id: string }>(
        `select id, user_id from bookings where status = 'confirmed'`,
      );
      const counted = await auth.query<{ id: string; user_id: string }>(
        'select booking_id as id, user_id from tier_bookings where not cancelled',
      );
      const owners = (rows: { id: string; user_id: string }[]) =>
        new Map(rows.map((row) => [row.id, row.user_id]));
      const [inBooking, inAuth] = [owners(sold.rows), owners(counted.rows)];
      const findings = [...new Set([...inBooking.keys(), ...inAuth.keys()])].flatMap((id) => {
        const [buyer, account] = [inBooking.get(id), inAuth.get(id)];
        return buyer === account
          ? []
          : [
              `booking ${id} counts for ${account ?? 'nobody'} in auth, was sold to ${buyer ?? 'nobody'}`,
            ];
      });
      return { checked: inBooking.size, findings };
    },
  },
  sqlCheck({
    invariant: 16,
    title: 'the tier of an account is what its bookings say, or what an admin gave',
    store: 'auth',
    counted: 'users',
    broken: `
      select 'account ' || u.id || ' is ' || u.tier || ', ' || coalesce('an admin made it '
        || u.granted_tier, e.bookings || ' bookings make it ' || e.tier) as finding
      from users u join earned_tiers e on e.user_id = u.id
      where u.tier <> coalesce(u.granted_tier, e.tier)`,
  }),
];
