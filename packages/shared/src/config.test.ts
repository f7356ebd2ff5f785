import { expect } from 'chai';
import Joi from 'joi';
import { busSettings, ConfigError, commonSettings, portSetting, readConfig } from './config.ts';

type Settings = { HOST: string; PORT: number; LOG_LEVEL: string; KAFKA_BROKERS: string };
const schema = Joi.object<Settings>({
  ...commonSettings,
  ...busSettings,
  PORT: portSetting(4001),
});

describe('readConfig', () => {
  it('reads the settings of a schema, fills in defaults, ignores the rest of the environment', () => {
    const config = readConfig(schema, { KAFKA_BROKERS: 'k:9092', PORT: '0', HOME: '/home/a' });
    expect(config).to.deep.equal({
      HOST: '127.0.0.1',
      PORT: 0,
      LOG_LEVEL: 'info',
      KAFKA_BROKERS: 'k:9092',
      TOPIC_PREFIX: '',
    });
  });

  it('takes an empty variable for one that is not set', () => {
    const config = readConfig(schema, { KAFKA_BROKERS: 'k:9092', PORT: '', HOST: '' });
    expect(config).to.include({ PORT: 4001, HOST: '127.0.0.1' });
  });

  it('gives an object that can not be changed', () => {
    const config = readConfig(schema, { KAFKA_BROKERS: 'k:9092' }) as Settings;
    expect(() => {
      config.PORT = 1;
    }).to.throw(TypeError);
  });

  it('lists every fault at once', () => {
    let caught: unknown;
    try {
      readConfig(schema, { PORT: '70000', LOG_LEVEL: 'loud' });
    } catch (error) {
      caught = error;
    }
    expect(caught).to.be.instanceOf(ConfigError);
    const { faults, message } = caught as ConfigError;
    expect(faults).to.have.length(3);
    for (const name of ['PORT', 'LOG_LEVEL', 'KAFKA_BROKERS']) expect(message).to.include(name);
  });
});
