import { describe } from 'vitest';
import { open, useStoreFolder } from '../store/store-test-util.ts';
import { recordsConformance } from './conformance-test-util.ts';

describe('session records in SQLite', () => {
  useStoreFolder();
  recordsConformance(async () => [open().records, open().records]);
});
