// Keeps the database of its argument locked for writing, like another program, until its standard input closes.
import { loadSqlite } from '../../adapters/store/sqlite-binding.ts';

const [path = ''] = process.argv.slice(2);
const db = new (loadSqlite())(path);
db.exec('BEGIN IMMEDIATE');
console.log('locked');
process.stdin.on('end', () => {
  db.exec('COMMIT');
  db.close();
});
process.stdin.resume();
