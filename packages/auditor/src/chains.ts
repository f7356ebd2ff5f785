import type { Sources } from './sources.ts';

/**
 * The first fault of each audit chain, one row a chain. An entry whose hash was computed anew
 * after the change shows at its follower, or, being the last, at the head.
 */
export const CHAIN_FAULTS = `
  with linked as (
    select e.*, lag(hash) over chain as before, row_number() over chain as place,
      lag(seq) over chain as seq_before
    from audit_entries e
    window chain as (partition by aggregate_type, aggregate_id order by seq)
  ), faults as (
    select aggregate_type, aggregate_id, seq, action, actor, at, 1 as rank,
      'was altered' as fault
    from linked
    where hash is distinct from audit_hash(row(aggregate_type, aggregate_id, seq, action, old_status,
      new_status, amount_minor, currency, actor, reason, request_id, correlation_id, metadata, at,
      previous_hash, hash)::audit_entries)
    union all
    select aggregate_type, aggregate_id, seq, action, actor, at, 2,
      case when coalesce(seq_before, 0) + 1 < seq then 'follows a missing entry'
        when seq_before is null then 'was altered: it is the first, and says it follows another'
        else 'does not follow the entry before it: that one was altered and hashed anew' end
    from linked
    where previous_hash <> coalesce(before, '') or place <> seq
    union all
    select h.aggregate_type, h.aggregate_id, coalesce(t.seq, 0), t.action, t.actor, t.at, 3,
      case when t.seq = h.seq then 'is the last, and was altered and hashed anew'
        else 'is the last here; the head of the chain says ' || h.seq end
    from audit_heads h left join lateral (
      select seq, hash, action, actor, at from audit_entries e
      where e.aggregate_type = h.aggregate_type and e.aggregate_id = h.aggregate_id
      order by seq desc limit 1
    ) t on true
    where t.seq is distinct from h.seq or t.hash is distinct from h.hash
    union all
    select l.aggregate_type, l.aggregate_id, l.seq, l.action, l.actor, l.at, 4,
      'belongs to a chain without a head'
    from linked l where l.place = 1 and not exists (
      select from audit_heads h
      where h.aggregate_type = l.aggregate_type and h.aggregate_id = l.aggregate_id
    )
  )
  select distinct on (aggregate_type, aggregate_id) aggregate_type, aggregate_id, seq, action,
    actor, at, fault
  from faults order by aggregate_type, aggregate_id, seq, rank`;

export type ChainFault = {
  /** The service whose store it lies in. */
  readonly store: 'booking' | 'auth';
  readonly aggregateType: string;
  readonly aggregateId: string;
  readonly seq: number;
  /** Null where nothing is left of the chain. */
  readonly action: string | null;
  readonly actor: string | null;
  readonly at: Date | null;
  readonly fault: string;
};

export type ChainReport = {
  readonly ok: boolean;
  readonly chains: number;
  readonly entries: number;
  /** The earliest first: the place to begin looking. */
  readonly faults: readonly ChainFault[];
};

const STORES = ['booking', 'auth'] as const;
const MOST = 100;

/** Follows every audit chain of PostgreSQL from its first entry to its head. */
export async function followChains(
  sources: Pick<Sources, 'booking' | 'auth'>,
): Promise<ChainReport> {
  let chains = 0;
  let entries = 0;
  const faults: ChainFault[] = [];
  for (const store of STORES) {
    const pool = sources[store];
    const counts = await pool.query<{ chains: number; entries: number }>(
      `select (select count(*) from audit_heads)::integer as chains,
        (select count(*) from audit_entries)::integer as entries`,
    );
    chains += counts.rows[0]?.chains ?? 0;
    entries += counts.rows[0]?.entries ?? 0;
    const broken = await pool.query<Omit<ChainFault, 'store'>>(
      `select aggregate_type as "aggregateType", aggregate_id as "aggregateId", seq, action, actor,
        at, fault
      from (${CHAIN_FAULTS}) f order by at nulls first, seq limit ${MOST}`,
    );
    faults.push(...broken.rows.map((row) => ({ store, ...row })));
  }
  faults.sort((a, b) => (a.at?.getTime() ?? 0) - (b.at?.getTime() ?? 0));
  return { ok: faults.length === 0, chains, entries, faults };
}

/** The report as text; the first altered entry in its second line. */
export function renderChains({ chains, entries, faults }: ChainReport): string {
  const of = `${entries.toLocaleString('en')} entries in ${chains.toLocaleString('en')} chains`;
  const [first, ...others] = faults.map(describeFault);
  if (first === undefined) return `Every audit chain is whole: ${of}.`;
  return [
    `${faults.length} of the audit chains are broken (${of}).`,
    `First: ${first}`,
    ...others.map((text) => `       ${text}`),
    'What stands before an entry named here is as it was written; restore it from a backup to see what it was.',
  ].join('\n');
}

function describeFault(one: ChainFault): string {
  const what = one.action === null ? '' : ` (${one.action} by ${one.actor})`;
  const when = one.at === null ? '' : ` of ${one.at.toISOString()}`;
  return `${one.store}: ${one.aggregateType} ${one.aggregateId}, entry ${one.seq}${what}${when} ${one.fault}`;
}
