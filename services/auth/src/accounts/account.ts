import { ROLES, type Role, type Tier, type UserState } from '@holdfast/shared/contracts/users.ts';
import { type Ignored, ignored } from '@holdfast/shared/errors.ts';

/** A person's account, without its password hash. */
export type Account = {
  readonly userId: string;
  readonly email: string;
  readonly name: string;
  readonly phone: string | null;
  readonly tier: Tier;
  /** The tier that an admin gave, which stands whatever bookings say. */
  readonly grantedTier: Tier | null;
  readonly roles: readonly Role[];
  readonly version: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
};

/** What may be changed: name and phone by its owner, tier and roles by an admin. */
export type AccountChange = {
  name?: string;
  phone?: string | null;
  /** Null takes back the tier that an admin gave: from then on it is earned. */
  tier?: Tier | null;
  roles?: readonly Role[];
};

type Fields = Pick<Account, 'name' | 'phone' | 'tier' | 'grantedTier' | 'roles'>;

export type ChangedAccount = {
  readonly kind: 'changed';
  readonly fields: Fields;
  /** Only the members that changed, for the audit. */
  readonly before: Partial<Fields>;
  readonly after: Partial<Fields>;
};

/** One mailbox, one account: addresses differ neither by case nor by spaces around them. */
export function normaliseEmail(email: string): string {
  return email.trim().toLowerCase();
}

/**
 * The account's fields after the change, or `ignored` when it stands like that already. `earned`
 * is the tier that its bookings say.
 */
export function decideChange(
  account: Account,
  change: AccountChange,
  earned: Tier,
): ChangedAccount | Ignored {
  const current: Fields = {
    name: account.name,
    phone: account.phone,
    tier: account.tier,
    grantedTier: account.grantedTier,
    roles: inOrder(account.roles),
  };
  const fields: Fields = {
    name: change.name?.trim() ?? current.name,
    phone: change.phone === undefined ? current.phone : change.phone,
    tier: change.tier === undefined ? current.tier : (change.tier ?? earned),
    grantedTier: change.tier === undefined ? current.grantedTier : change.tier,
    roles: change.roles === undefined ? current.roles : inOrder(change.roles),
  };
  const changed = (Object.keys(fields) as (keyof Fields)[]).filter(
    (key) => JSON.stringify(fields[key]) !== JSON.stringify(current[key]),
  );
  if (changed.length === 0) return ignored('unchanged');
  return { kind: 'changed', fields, before: pick(current, changed), after: pick(fields, changed) };
}

/** The account as messages carry it: no phone, no secret. */
export function stateOf(account: Account): UserState {
  const { userId, email, name, tier, roles } = account;
  return { userId, email, name, tier, roles: [...roles] };
}

/** The account as its owner and admins see it. */
export function presentAccount(account: Account) {
  const { userId, email, name, phone, tier, roles, createdAt } = account;
  return { userId, email, name, phone, tier, roles, createdAt: createdAt.toISOString() };
}

/** Roles as a set in the order of ROLES, so that equal sets compare equal. */
function inOrder(roles: readonly Role[]): Role[] {
  return ROLES.filter((role) => roles.includes(role));
}

function pick(fields: Fields, keys: readonly (keyof Fields)[]): Partial<Fields> {
  return Object.fromEntries(keys.map((key) => [key, fields[key]]));
}
