import { expect } from 'chai';
import {
  type Decision,
  decide,
  type Hold,
  type HoldState,
  MIDDLE_STATES,
  type PinCommand,
  shownStatus,
} from './hold.ts';

const NOW = new Date('2027-01-01T12:00:00.000Z');
const LATER = new Date('2027-01-01T12:10:00.000Z');

function hold(change: Partial<Hold> = {}): Hold {
  return {
    _id: 'hold',
    eventId: 'event',
    userId: 'user',
    attemptId: 'try',
    fingerprint: '',
    state: 'held',
    seats: ['A', 'B'].map((seatId) => ({
      seatId,
      label: seatId,
      section: '',
      row: '',
      number: '',
      category: '',
      priceMinor: 1,
    })),
    currency: 'EUR',
    totalMinor: 2,
    event: { name: '', venueName: '', startsAt: LATER, timeZone: '' },
    maxPerUser: 12,
    takenAt: NOW,
    expiresAt: LATER,
    extensions: [],
    round: 0,
    version: 1,
    movedAt: NOW,
    closed: [],
    history: [],
    outbox: [],
    ...change,
  };
}

const command = (kind: PinCommand['kind'], change: Partial<PinCommand> = {}): PinCommand => ({
  kind,
  pinId: 'pin',
  bookingId: 'booking',
  holdId: 'hold',
  eventId: 'event',
  userId: 'user',
  seatIds: ['B', 'A'],
  ...change,
});

const refuse = (reason: string, known = false) => ({ kind: 'refuse_pin', reason, known });
const ignore = (reason: string) => ({ kind: 'ignored', reason });
const step = (to: string, more: object = {}) => ({ kind: 'step', to, ...more });
const closed = [{ pinId: 'pin', reason: 'hold_expired' }];
const ours = { pinId: 'pin' };
const others = { pinId: 'another' };

describe('a command of booking', () => {
  const cases: [PinCommand['kind'], string, Partial<Hold>, object][] = [
    ['pin', 'a live hold', {}, step('pinning')],
    ['pin', 'a hold at its end', { expiresAt: NOW }, refuse('hold_expired')],
    ['pin', 'an expired hold', { state: 'expired' }, refuse('hold_expired')],
    ['pin', 'a released hold', { state: 'released' }, refuse('hold_released')],
    ['pin', 'an aborted hold', { state: 'aborted' }, refuse('hold_not_found')],
    ['pin', 'a hold of somebody else', { userId: 'other' }, refuse('hold_not_owner')],
    ['pin', 'a hold of another event', { eventId: 'other' }, refuse('seats_mismatch')],
    ['pin', 'a hold with fewer seats', { seats: [] }, refuse('seats_mismatch')],
    ['pin', 'a hold that closed it', { closed }, refuse('hold_expired', true)],
    ['pin', 'a hold under it', { state: 'pinned', ...ours }, { kind: 'answer_pinned' }],
    ['pin', 'a hold it sold', { state: 'confirmed', ...ours }, { kind: 'answer_pinned' }],
    ['pin', 'a hold under another', { state: 'pinned', ...others }, refuse('hold_in_checkout')],
    ['pin', 'a hold another sold', { state: 'confirmed', ...others }, refuse('hold_not_active')],
    ['pin', 'a returned hold', { state: 'returned', ...ours }, refuse('hold_not_active')],
    ['confirm', 'a hold under its pin', { state: 'pinned', ...ours }, step('confirming')],
    ['confirm', 'a hold not pinned', {}, ignore('not_pinned')],
    ['confirm', 'a hold under another', { state: 'pinned', ...others }, ignore('not_pinned')],
    ['confirm', 'a sold hold', { state: 'confirmed', ...ours }, ignore('already_confirmed')],
    ['confirm', 'a hold that closed it', { closed }, ignore('pin_closed')],
    ['fail', 'a hold under its pin', { state: 'pinned', ...ours }, step('unpinning')],
    ['fail', 'a hold not pinned', {}, { kind: 'close' }],
    ['fail', 'a hold under another', { state: 'pinned', ...others }, { kind: 'close' }],
    ['fail', 'a sold hold', { state: 'confirmed', ...ours }, ignore('already_confirmed')],
    ['fail', 'a hold that closed it', { closed }, ignore('pin_closed')],
    ['cancel', 'a sold hold', { state: 'confirmed', ...ours }, step('returning')],
    [
      'cancel',
      'a hold under its pin',
      { state: 'pinned', ...ours },
      step('unpinning', { endsAs: 'released' }),
    ],
    ['cancel', 'a returned hold', { state: 'returned', ...ours }, ignore('already_returned')],
    ['cancel', 'a hold sold to another', { state: 'confirmed', ...others }, { kind: 'close' }],
  ];
  for (const [kind, what, state, decision] of cases) {
    it(`to ${kind} meets ${what}: ${JSON.stringify(decision)}`, () => {
      expect(decide(command(kind), hold(state), NOW)).to.deep.equal(decision);
    });
  }

  it('waits for a middle state to be finished, whatever it wants', () => {
    for (const state of MIDDLE_STATES) {
      for (const kind of ['pin', 'confirm', 'fail', 'cancel'] as const) {
        const decision: Decision = decide(command(kind), hold({ state, ...ours }), NOW);
        expect(decision).to.deep.equal({ kind: 'resume' });
      }
    }
  });
});

describe('a hold shows its owner', () => {
  const cases: [HoldState, Date, string][] = [
    ['held', LATER, 'held'],
    ['held', NOW, 'expired'],
    ['pinning', NOW, 'in_checkout'],
    ['pinned', NOW, 'in_checkout'],
    ['confirming', NOW, 'in_checkout'],
    ['unpinning', NOW, 'in_checkout'],
    ['confirmed', NOW, 'confirmed'],
    ['returning', NOW, 'returned'],
    ['releasing', NOW, 'released'],
    ['expiring', NOW, 'expired'],
    ['dropping', LATER, 'held'],
    ['dropping', NOW, 'expired'],
  ];
  for (const [state, expiresAt, shown] of cases) {
    it(`${shown} when it is ${state}${expiresAt === NOW ? ' and past its end' : ''}`, () => {
      expect(shownStatus({ state, expiresAt }, NOW)).to.equal(shown);
    });
  }
});
