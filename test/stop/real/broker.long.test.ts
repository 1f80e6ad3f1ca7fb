import { testWhileBrokerIs } from './broker.ts';

testWhileBrokerIs('hung');
