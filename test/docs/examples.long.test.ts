import { pages } from './fences.ts';
import { testPrintedCommands } from './printed-commands.ts';

testPrintedCommands(pages.filter((page) => page !== 'README.md'));
