import { serve } from '../../examples/demo/mailring-process.js';
import { PROCESS_FAULTS } from './process-faults.js';

// A process with a mailring that is wrong. Arguments: folder, shards, name of the fault.
const [location, shards, name] = process.argv.slice(2);
serve(await PROCESS_FAULTS.find((fault) => fault.name === name)!.open(location!, Number(shards)));
