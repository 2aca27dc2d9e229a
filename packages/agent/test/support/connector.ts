// A process that opens as many connections to a Unix socket as it is told, and exits at once.
import { connect } from 'node:net';

const [, , path = '', count = ''] = process.argv;
let open = 0;
for (let i = 0; i < Number(count); i++) {
  connect(path, () => {
    if (++open === Number(count)) process.exit();
  });
}
