import { describe } from 'vitest';
import { LAPTOP, TABLET, testEveryMoment, useChart } from './support/chart-page.ts';

useChart();

describe.each([TABLET, LAPTOP])('in a window of $width × $height', testEveryMoment);
