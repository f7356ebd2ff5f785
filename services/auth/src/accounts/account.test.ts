import { expect } from 'chai';
import {
  type Account,
  type AccountChange,
  decideChange,
  normaliseEmail,
  presentAccount,
  stateOf,
} from './account.ts';

const account: Account = {
  userId: '0198c9d4-0000-7000-8000-0000000000aa',
  email: 'mara.lindqvist@example.org',
  name: 'Mara Lindqvist',
  phone: '+46 70 123 45 67',
  tier: 'regular',
  grantedTier: null,
  roles: ['user', 'organizer'],
  version: 3,
  createdAt: new Date('2027-03-14T19:30:00.000Z'),
  updatedAt: new Date('2027-03-15T08:00:00.000Z'),
};

const decide = (one: Account, change: AccountChange) => decideChange(one, change, 'regular');

describe('an account', () => {
  it('has one form of its mail address', () => {
    expect(normaliseEmail('  Mara.Lindqvist@Example.ORG\t')).to.equal(account.email);
  });

  it('changes the named fields, tells before and after of those alone', () => {
    const { phone, roles } = account;
    expect(decide(account, { name: ' Mara Holm ', tier: 'vip' })).to.deep.equal({
      kind: 'changed',
      fields: { name: 'Mara Holm', phone, tier: 'vip', grantedTier: 'vip', roles },
      before: { name: 'Mara Lindqvist', tier: 'regular', grantedTier: null },
      after: { name: 'Mara Holm', tier: 'vip', grantedTier: 'vip' },
    });
  });

  it('has the tier that an admin gave, the earned one once that is taken back', () => {
    const granted: Account = { ...account, tier: 'vip', grantedTier: 'vip' };
    expect(decideChange(granted, { name: 'M' }, 'premium')).to.deep.nested.include({
      'fields.tier': 'vip',
    });
    expect(decideChange(granted, { tier: null }, 'premium')).to.deep.include({
      before: { tier: 'vip', grantedTier: 'vip' },
      after: { tier: 'premium', grantedTier: null },
    });
    expect(decide(account, { tier: null }).kind).to.equal('ignored');
    expect(decide(account, { tier: 'regular' })).to.deep.include({
      after: { grantedTier: 'regular' },
    });
  });

  it('loses its phone by null, keeps it when the change does not name it', () => {
    expect(decide(account, { phone: null })).to.deep.include({
      before: { phone: account.phone },
      after: { phone: null },
    });
    expect(decide(account, { name: 'M' })).to.deep.nested.include({
      'fields.phone': account.phone,
    });
  });

  it('ignores a change to what it is, also when the roles come in another order', () => {
    const unchanged = { kind: 'ignored', reason: 'unchanged' };
    expect(decide(account, { roles: ['organizer', 'user'] })).to.deep.equal(unchanged);
    expect(decide(account, { name: account.name, phone: account.phone })).to.deep.equal(unchanged);
    expect(decide({ ...account, phone: null }, { phone: null })).to.deep.equal(unchanged);
    expect(decide(account, {})).to.deep.equal(unchanged);
  });

  it('tells a phone named "null" from none', () => {
    expect(decide({ ...account, phone: null }, { phone: 'null' }).kind).to.equal('changed');
  });

  it('shows its owner all but the version, messages all but the phone', () => {
    expect(presentAccount(account)).to.deep.equal({
      userId: account.userId,
      email: account.email,
      name: account.name,
      phone: account.phone,
      tier: 'regular',
      roles: ['user', 'organizer'],
      createdAt: '2027-03-14T19:30:00.000Z',
    });
    expect(stateOf(account)).to.deep.equal({
      userId: account.userId,
      email: account.email,
      name: account.name,
      tier: 'regular',
      roles: ['user', 'organizer'],
    });
  });
});
