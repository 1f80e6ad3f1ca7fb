import type { AnalyticsStore } from '../../actors/ports/analytics.ts';
import { parseJson } from '../../machines/json.ts';
import { type Grouping, type Report, type ReportedTurn, reportOf } from './report.ts';
import { turnFacts } from './turn-facts.ts';

/** Turns read at once. */
const PAGE = 1_000;
/** Turns that a report is made of at most, the oldest first. */
const MOST = 200_000;

/** A report of the measured turns since a time (ISO 8601). Turns of another version that it cannot read are left out. */
export async function readReport(analytics: AnalyticsStore, since: string, by?: Grouping): Promise<Report> {
  const turns: ReportedTurn[] = [];
  for (let from = 0; from < MOST; from += PAGE) {
    const page = await analytics.turns({ since, from, limit: PAGE });
    for (const { session, at, facts } of page) {
      const read = turnFacts.safeParse(parseJson(facts));
      if (read.success) turns.push({ session, at, facts: read.data });
    }
    if (page.length < PAGE) break;
  }
  return reportOf(turns, since, by);
}
