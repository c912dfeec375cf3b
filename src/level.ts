export type { ByteBatch, ByteDatabase, ByteEncodings, ByteIterator, RangeOptions } from './store/level/database.js';
export { LevelStore } from './store/level/level-store.js';
export type { LevelDatabaseOptions, LevelLocationOptions, LevelStoreOptions } from './store/level/options.js';
