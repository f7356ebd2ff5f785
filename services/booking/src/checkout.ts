import { type Ignored, ignored, type Refusal, refused } from '@holdfast/shared/errors.ts';

/**
 * The checkout saga, pure: from the state of a booking and what happened to what changes.
 * DESIGN "Booking saga"; the table in the service's README is this function in words.
 */
export const BOOKING_STATUSES = [
  'pending',
  'authorized',
  'capturing',
  'voiding',
  'confirmed',
  'cancelled',
  'failed',
] as const;
export type BookingStatus = (typeof BOOKING_STATUSES)[number];

/** Statuses in which a checkout has come to its end for the buyer. */
export const OUTCOMES: readonly BookingStatus[] = ['confirmed', 'cancelled', 'failed'];

export type PaymentStatus =
  | 'requested'
  | 'authorized'
  /** The provider works on it by itself, for minutes or days. */
  | 'processing'
  | 'captured'
  | 'voided'
  | 'declined'
  | 'refunded';
/** `charge` begins a payment that settles by itself, `await` asks how it has ended. */
export type CallKind = 'authorize' | 'capture' | 'charge' | 'await' | 'void' | 'refund';
export type JournalKind = 'capture' | 'cancel';

export type CheckoutState = {
  readonly status: BookingStatus;
  /** Why the booking is being undone or was. */
  readonly reason: string | null;
  /** Nothing is to be paid: the provider is never asked, and the pin alone decides. */
  readonly isFree: boolean;
  /** The method can not be authorized first: it is charged once the seats are pinned. */
  readonly settlesItself: boolean;
  /** Money was captured, whatever became of it. */
  readonly isPaid: boolean;
  /** Null where the booking has none: it is free, or another has taken it over. */
  readonly payment: PaymentStatus | null;
};

/** What happened, or what somebody wants. */
export type CheckoutCommand =
  | { readonly kind: 'authorized' }
  | { readonly kind: 'declined'; readonly reason: string }
  | { readonly kind: 'pinned'; readonly eventCancelled: boolean; readonly seatsReserved: boolean }
  | { readonly kind: 'pin_refused'; readonly reason: string }
  /** The provider has taken the charge and works on it. */
  | { readonly kind: 'processing' }
  /** The provider has worked on it for longer than the seats are kept. */
  | { readonly kind: 'payment_overdue' }
  /** `canRetake`: were it too late, its seats may be tried for again. */
  | { readonly kind: 'captured'; readonly eventCancelled: boolean; readonly canRetake: boolean }
  /** The provider will not capture; `authorizationLives` when the money is still reserved. */
  | {
      readonly kind: 'capture_refused';
      readonly reason: string;
      readonly authorizationLives: boolean;
    }
  | { readonly kind: 'voided' }
  /**
   * The provider says that a payment which was to be voided has been captured; `seatsReserved` when
   * its tickets are still kept, and so its seats pinned.
   */
  | {
      readonly kind: 'captured_unasked';
      readonly eventCancelled: boolean;
      readonly seatsReserved: boolean;
    }
  | { readonly kind: 'cancel'; readonly reason: string };

/** Everything that one transaction changes together. */
export type CheckoutPlan = {
  readonly kind: 'accepted';
  readonly status: BookingStatus;
  readonly reason: string | null;
  readonly payment?: PaymentStatus;
  readonly tickets?: 'live' | 'void';
  /** Whether the hold may be booked again. */
  readonly freesHold?: boolean;
  /** Whether the seats stop counting towards the account's limit. */
  readonly freesQuota?: boolean;
  readonly call?: CallKind;
  readonly journals?: readonly JournalKind[];
  /** Whether a new booking takes the money over and tries for the seats again. */
  readonly retakes?: boolean;
  /** Whether the message of the booking's new status is sent; middle states of our own send none. */
  readonly announces: boolean;
};

export type CheckoutDecision = CheckoutPlan | Ignored | Refusal;

/** Decides a command; a repeated or late one is ignored with its reason (invariants 6, 11, 13). */
export function decide(command: CheckoutCommand, state: CheckoutState): CheckoutDecision {
  switch (command.kind) {
    case 'authorized':
      // Given up, and reserved after all: nobody will capture it.
      if (state.status === 'failed' && state.payment === 'declined') {
        return accept('failed', state.reason, { payment: 'authorized', call: 'void' });
      }
      if (state.status !== 'pending') return late(command, state);
      return accept('authorized', null, { payment: 'authorized', announces: true });
    case 'declined':
      if (state.status === 'capturing' && state.settlesItself) {
        return fail(command.reason, { payment: 'declined', tickets: 'void' });
      }
      if (state.status !== 'pending') return late(command, state);
      return fail(command.reason, { payment: 'declined' });
    case 'pinned':
      if (state.status !== 'authorized') return late(command, state);
      if (command.eventCancelled) return undo(state, 'event_cancelled');
      if (!command.seatsReserved) return undo(state, 'seat_conflict');
      return state.isFree || state.isPaid
        ? accept('confirmed', null, { tickets: 'live', announces: true })
        : accept('capturing', null, { call: state.settlesItself ? 'charge' : 'capture' });
    case 'pin_refused':
      return state.status === 'authorized' ? undo(state, command.reason) : late(command, state);
    case 'processing':
      if (state.status !== 'capturing') return late(command, state);
      return accept('capturing', null, { payment: 'processing', call: 'await' });
    case 'payment_overdue':
      if (state.status !== 'capturing') return late(command, state);
      // Its tickets stay reserved: should the money come before the void, they are sold after all.
      return accept('voiding', 'payment_overdue', { call: 'void' });
    case 'captured':
      if (state.status === 'failed' && !state.isPaid) return answerLateMoney(state, command);
      if (state.status !== 'capturing') return late(command, state);
      if (!command.eventCancelled) return sell();
      return giveBack('event_cancelled', { payment: 'captured', journals: ['capture', 'cancel'] });
    case 'capture_refused':
      if (state.status !== 'capturing') return late(command, state);
      if (command.authorizationLives) return undo(state, command.reason, { tickets: 'void' });
      return fail(command.reason, { payment: 'voided', tickets: 'void' });
    case 'voided':
      if (isVoidedLate(state)) return accept('failed', state.reason, { payment: 'voided' });
      if (state.status !== 'voiding') return late(command, state);
      return fail(state.reason ?? 'voided', { payment: 'voided', tickets: 'void' });
    case 'captured_unasked':
      if (isVoidedLate(state)) return answerLateMoney(state, { ...command, canRetake: false });
      if (state.status !== 'voiding') return late(command, state);
      if (command.seatsReserved && !command.eventCancelled) return sell();
      return fail(state.reason ?? 'voided', {
        payment: 'captured',
        tickets: 'void',
        journals: ['capture', 'cancel'],
        call: 'refund',
      });
    case 'cancel':
      return cancel(command.reason, state);
  }
}

function cancel(reason: string, state: CheckoutState): CheckoutDecision {
  if (state.status === 'cancelled') return ignored('already_cancelled');
  if (state.status === 'confirmed') {
    return state.isFree
      ? accept('cancelled', reason, { tickets: 'void', freesQuota: true, announces: true })
      : giveBack(reason, { journals: ['cancel'] });
  }
  return refused(
    'booking_not_cancellable',
    state.status === 'failed'
      ? 'The booking has failed; nothing was sold and no money was taken.'
      : `The booking is ${state.status}: wait for its outcome, then cancel it.`,
  );
}

type Effects = Partial<Omit<CheckoutPlan, 'kind' | 'status' | 'reason'>>;

function accept(status: BookingStatus, reason: string | null, effects: Effects): CheckoutPlan {
  return { kind: 'accepted', status, reason, announces: false, ...effects };
}

/** The end of a sale: money, ledger and tickets together. */
function sell(): CheckoutPlan {
  return accept('confirmed', null, {
    payment: 'captured',
    tickets: 'live',
    journals: ['capture'],
    announces: true,
  });
}

/** The end without a sale: the hold lives on for another card, and catalog undoes its pin. */
function fail(reason: string, effects: Effects): CheckoutPlan {
  const end = { freesHold: true, freesQuota: true, announces: true };
  return accept('failed', reason, { ...end, ...effects });
}

/** Whether money is being released that was reserved when all was over. */
function isVoidedLate({ status, payment }: CheckoutState): boolean {
  return status === 'failed' && payment === 'authorized';
}

/**
 * Money that comes when all is over: a new booking tries for the seats again with it, or it is paid
 * back in full. The booking itself stays as it ended.
 */
function answerLateMoney(
  { reason }: CheckoutState,
  { eventCancelled, canRetake }: { eventCancelled: boolean; canRetake: boolean },
): CheckoutPlan {
  const paid = { payment: 'captured' } as const;
  return canRetake && !eventCancelled
    ? accept('failed', reason, { ...paid, retakes: true })
    : accept('failed', reason, { ...paid, journals: ['capture', 'cancel'], call: 'refund' });
}

/** The way back before money moved: nothing is unpinned until the void is certain. */
function undo(state: CheckoutState, reason: string, effects: Effects = {}): CheckoutPlan {
  if (state.isFree) return fail(reason, effects);
  if (state.isPaid) return fail(reason, { journals: ['cancel'], call: 'refund', ...effects });
  // Not charged yet, so there is nothing to void.
  if (state.settlesItself) return fail(reason, { payment: 'voided', ...effects });
  return accept('voiding', reason, { call: 'void', ...effects });
}

/** The way back after money moved: tickets end, the seats return, the buyer is paid in full. */
function giveBack(reason: string, effects: Effects): CheckoutPlan {
  return accept('cancelled', reason, {
    tickets: 'void',
    freesQuota: true,
    call: 'refund',
    announces: true,
    ...effects,
  });
}

function late(command: CheckoutCommand, state: CheckoutState): Ignored {
  return ignored(`${command.kind}_when_${state.status}`);
}
