/** What is printed of a ticket, one page each. */
export type TicketPage = {
  readonly ticketId: string;
  readonly eventName: string;
  readonly venueName: string;
  readonly city: string | null;
  readonly startsAt: Date;
  readonly timeZone: string;
  readonly label: string;
  readonly category: string;
  readonly ticketType: string | null;
  /** Null where it is not told. */
  readonly priceMinor: number | null;
  readonly currency: string;
  /** What the QR says. */
  readonly code: string;
};

/** When it begins by the clocks of the venue, for people: Sunday, 14 March 2027 at 19:30 (CET). */
export function localTime(instant: Date, timeZone: string): string {
  return new Intl.DateTimeFormat('en-GB', {
    timeZone,
    dateStyle: 'full',
    timeStyle: 'short',
  }).format(instant);
}
